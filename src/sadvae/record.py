"""What a run leaves behind: evaluations and the record that holds everything needed to repeat them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, NonNegativeInt, ValidationError, model_validator

from sadvae.errors import SadvaeError
from sadvae.faults import first_fault
from sadvae.files import read_json, write_text

# A list of numbers in indented JSON; a text cannot look like one, because its line breaks are escaped.
_NUMBERS = re.compile(r"\[\n\s*([-+.\deE,\s]+?)\s*\]")
# What rounding may leave a mean of fractions beyond 0 or 1.
_ROUNDING = 1e-6


def _fraction(value: float) -> float:
    if not -_ROUNDING <= value <= 1 + _ROUNDING:
        raise ValueError(f"{value:g} is no fraction from 0 to 1")
    return value


Fraction = Annotated[float, AfterValidator(_fraction)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassResult(_Frozen):
    """Accuracies of one class, as fractions; zsl_accuracy for unseen classes, gzsl_accuracy where a gate exists."""

    id: int
    name: str
    seen: bool
    count: NonNegativeInt
    zsl_accuracy: Fraction | None
    gzsl_accuracy: Fraction | None


class Evaluation(_Frozen):
    """The scores of one trained method on one task, as fractions.

    selection and epoch say which rule picked the weights. GZSL fields are None where no gate could be calibrated.
    curve holds (seen, unseen) accuracy pairs as the gate's threshold moves; confusion is ZSL, rows true, columns
    predicted, both in the order of confusion_ids. entry: the name of the experiment's compare entry, "" for its main
    method and its baselines. Under rules beside the one that counts, curve, classes and confusion are left out.
    """

    entry: str = ""
    method: str
    preset: str | None
    selection: str
    epoch: int
    zsl_accuracy: Fraction
    zsl_class_mean: Fraction
    chance: Fraction
    seen_accuracy: Fraction | None = None
    unseen_accuracy: Fraction | None = None
    harmonic_mean: Fraction | None = None
    seen_class_mean: Fraction | None = None
    unseen_class_mean: Fraction | None = None
    harmonic_class_mean: Fraction | None = None
    gate_auroc: Fraction | None = None
    curve_area: Fraction | None = None
    calibration_error: Fraction
    curve: list[tuple[Fraction, Fraction]] = []
    classes: list[ClassResult]
    confusion_ids: list[int]
    confusion: list[list[NonNegativeInt]]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Tables and figures name the rows and the columns of the confusion by its ids."""
        count = len(self.confusion_ids)
        if [len(row) for row in self.confusion] != [count] * count:
            raise ValueError(f"confusion is not {count} rows of {count} numbers, one for each of confusion_ids")
        return self


class ProbeResult(_Frozen):
    """How well a linear probe reads something from test clips (evaluation/disentanglement.py).

    what: "class" or "subject". read_from: "z_r", "z_v" or "features". accuracy: balanced, as a fraction. chance: of
    that accuracy. bits: the information about `what` that the probe could use, at most log2(1 / chance). count: clips
    that were tested. folds: what training and test clips of the probe never share: "subject", "class" or "clip".
    """

    what: str
    read_from: str
    accuracy: Fraction
    chance: Fraction
    bits: float
    count: NonNegativeInt
    folds: str


class CloseClass(_Frozen):
    """A class of another data set that did not train: its names, the class that it is close to, and how close."""

    members: list[str]
    to: str
    likeness: float


class JoinedRecord(_Frozen):
    """What joining several data sets came to (joining.py).

    merged: the names of classes that became one. added: ids of seen classes that the first data set does not have.
    left_out: classes too close to an unseen one; left_out_of_calibration: to a held-out one.
    """

    merged: list[list[str]]
    added: list[int]
    left_out: list[CloseClass]
    left_out_of_calibration: list[CloseClass]

    @property
    def close(self) -> tuple[tuple[str, list[CloseClass]], ...]:
        """All classes that were left out, each kind behind its title."""
        return (
            ("Left out, close to an unseen class", self.left_out),
            ("Left out of calibration, close to a held-out class", self.left_out_of_calibration),
        )


class RunRecord(_Frozen):
    """One run: what went in (settings, seed, split, data hashes, versions), and what came out.

    evaluations: the main method first, then compare entries and baselines on the same features; each under the rule
    that counts (selection), then under the others, but once if it has a single epoch. history: one entry of mean loss
    terms per epoch. seconds: wall time by stage. probes: of the main method; older records have none. joined: of
    several data sets; seen, unseen and validation_unseen are then classes of the first, which tests.
    Everything but seconds, peak_memory_mb, versions and git_revision is a function of the data, the settings and the
    seed.
    """

    name: str
    dataset: str
    split: str
    seed: int
    selection: str
    seen: list[int]
    unseen: list[int]
    validation_unseen: list[int]
    class_names: list[str]
    settings: dict[str, Any]
    evaluations: list[Evaluation]
    history: list[dict[str, float]]
    selection_curve: list[float]
    data_hashes: dict[str, str]
    versions: dict[str, str]
    git_revision: str | None
    seconds: dict[str, float]
    peak_memory_mb: float
    allow: list[str]
    counts: dict[str, int]
    probes: list[ProbeResult] = []
    joined: JoinedRecord | None = None

    def write(self, path: Path) -> None:
        """Write the record as JSON, atomically, each list of numbers on a line of its own."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
        write_text(path, _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text) + "\n")


def read_record(path: Path) -> RunRecord:
    """Read a run record. Raises SadvaeError if the file is missing or not a run record."""
    try:
        return RunRecord.model_validate(read_json(path))
    except ValidationError as error:
        raise SadvaeError(f"{path} is not a run record: {first_fault(error)}.") from error
