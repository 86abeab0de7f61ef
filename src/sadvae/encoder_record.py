"""What the training of one encoder on all classes leaves behind: its accuracy, and what is needed to repeat it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sadvae.errors import SadvaeError
from sadvae.faults import first_fault
from sadvae.files import read_json, write_json

Part = Literal["test", "validation"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassAccuracy(_Frozen):
    """One class: how many clips tested, and the fraction of them that were right."""

    id: int
    name: str
    count: int
    accuracy: float


class Scores(_Frozen):
    """Top-1 accuracy among the classes that were trained, as fractions.

    class_mean: mean over classes of their accuracies. confusion: rows true, columns predicted, both in the order of
    confusion_ids.
    """

    accuracy: float
    class_mean: float
    classes: list[ClassAccuracy]
    confusion_ids: list[int]
    confusion: list[list[int]]


class EncoderRecord(_Frozen):
    """One encoder, trained with one seed on all classes and scored once on clips of other subjects.

    name: of the accuracy file. part: "validation" where the scored clips are of training subjects that were held out,
    so that no test clip was touched. key: a hash of all that moves the scores. references: accuracies of methods
    without a network on the same clips. history: what each epoch reported. seconds: wall time of training and
    scoring, and processor time of training (training_cpu). Everything but seconds, peak_memory_mb, versions and
    git_revision is a function of the data, the settings and the seed.
    """

    name: str
    title: str
    dataset: str
    part: Part
    encoder: str
    preset: str
    settings: dict[str, Any]
    steps: list[str]
    seed: int
    key: str
    parameters: int
    train_subjects: list[str]
    test_subjects: list[str]
    allow: list[str]
    counts: dict[str, int]
    scores: Scores
    references: dict[str, float]
    history: list[dict[str, Any]]
    data_hashes: dict[str, str]
    versions: dict[str, str]
    git_revision: str | None
    seconds: dict[str, float]
    peak_memory_mb: float

    def write(self, path: Path) -> None:
        """Write the record as JSON, atomically."""
        write_json(path, self.model_dump(mode="json"))


def read_encoder_record(path: Path) -> EncoderRecord:
    """Read a record of an encoder. Raises SadvaeError if the file is missing or not one."""
    try:
        return EncoderRecord.model_validate(read_json(path))
    except ValidationError as error:
        raise SadvaeError(f"{path} is not a record of an encoder: {first_fault(error)}.") from error
