"""The settings of an experiment, as its TOML file has them; every field has a default but name, dataset and split."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from sadvae.errors import SadvaeError
from sadvae.faults import first_fault
from sadvae.files import read_bytes
from sadvae.protocol import UnseenFrom
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.types import duplicates

# Names of runs and encoders are names of folders.
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
# Stands for a text mode or an encoder preset where vectors or features come from elsewhere.
IMPORTED = "imported"
_S = TypeVar("_S", bound=BaseModel)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PartSettings(_Frozen):
    """Which clips. dataset "generated" makes its own; any other reads --data. generated: settings of the generator."""

    dataset: str
    train_subjects: str = "odd"
    layout: str | None = None
    classes: Path | None = None
    generated: dict[str, Any] = {}


class JoiningSettings(_Frozen):
    """How classes of several data sets are joined (text/merging.py), and what of them may train (joining.py).

    alike: from this likeness of their words on, two classes are one. strict: leave out classes that are at least
    `close` to an unseen one. encoder: of the words. same, different: pairs of names that a person decided on. layout:
    that all clips are brought to (default: that of the first data set's clips).
    """

    alike: float = Field(default=0.9, gt=0, le=1)
    close: float = Field(default=0.65, gt=0, le=1)
    strict: bool = True
    encoder: str = "minilm"
    same: tuple[tuple[str, str], ...] = ()
    different: tuple[tuple[str, str], ...] = ()
    layout: str | None = None


class DataSettings(PartSettings):
    """The data set that a split is of and that tests; more: others, whose training clips train too."""

    more: tuple[PartSettings, ...] = ()
    joining: JoiningSettings = JoiningSettings()

    @model_validator(mode="after")
    def _each_once(self) -> DataSettings:
        twice = duplicates([self.dataset, *(part.dataset for part in self.more)])
        if twice:
            raise ValueError(f"two data sets have the name {twice[0]!r}")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # One data set is written as it was before there could be more, so that what is finished stays finished.
        return {name: value for name, value in write(self).items() if self.more or name not in ("more", "joining")}

    @property
    def parts(self) -> tuple[PartSettings, ...]:
        """Every data set, the one that tests first."""
        own = PartSettings(**{name: getattr(self, name) for name in PartSettings.model_fields})
        return (own, *self.more)


class SplitSettings(_Frozen):
    """Which classes are seen, and what the calibration level holds out (see Division)."""

    name: str
    validation_unseen: tuple[int, ...] | None = None
    held_out_subjects: tuple[str, ...] | None = None
    unseen_from: UnseenFrom = "held_out_subjects"


class TextSettings(_Frozen):
    """How class texts become vectors: encoder (minilm, a folder or a hub name) and mode (see text/prompts.py).

    With the mode "imported", encoder is a file of vectors: .npz of `import` or `embed`, or an .npy array.
    """

    encoder: str = "minilm"
    mode: str = "descriptions+words"


class PresetSettings(_Frozen):
    """A named preset and what is changed in it."""

    preset: str
    changes: dict[str, Any] = {}


class PublishedResult(_Frozen):
    """A result that a publication states for this protocol, in percent, with its source."""

    method: str
    source: str
    selection: Literal["oracle_test", "last_step", "unknown"] = "unknown"
    zsl: float | None = None
    seen: float | None = None
    unseen: float | None = None
    harmonic_mean: float | None = None


class CompareEntry(_Frozen):
    """One more method on the same features: an ablation, another preset, text or gate.

    gate and text: as the experiment's where they are left out. question: what the entry answers, such as "Does
    disentanglement help?"; entries of one question share a table.
    """

    name: str = Field(min_length=1, max_length=80)
    method: PresetSettings = PresetSettings(preset="sadvae")
    gate: str | None = None
    text: TextSettings | None = None
    question: str = ""


class ExperimentSettings(_Frozen):
    """One experiment: data, split, encoder, text, method, gate, selection rules, methods to compare, baselines.

    selection: the rule whose epoch counts. selections: rules that the same training is scored under beside it.
    """

    name: str = Field(pattern=NAME)
    title: str = ""
    data: DataSettings
    prepare: PrepareSettings = PrepareSettings()
    split: SplitSettings
    encoder: PresetSettings = PresetSettings(preset="default")
    text: TextSettings = TextSettings()
    method: PresetSettings = PresetSettings(preset="taught")
    gate: str = "max_probability"
    selection: str = "last_step"
    selections: tuple[str, ...] = ()
    compare: tuple[CompareEntry, ...] = ()
    baselines: tuple[str, ...] = ("ridge", "eszsl")
    seeds: int = Field(default=1, ge=1)
    published: tuple[PublishedResult, ...] = ()

    @model_validator(mode="after")
    def _one_entry_a_name(self) -> ExperimentSettings:
        twice = duplicates(entry.name for entry in self.compare)
        if twice:
            raise ValueError(f"two compare entries have the name {twice[0]!r}")
        return self

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of all selection rules that methods are scored under, the one that counts first."""
        return tuple(dict.fromkeys((self.selection, *self.selections)))


@dataclass(frozen=True)
class Contender:
    """One method of an experiment, as it is trained; entry: the name of its compare entry, "" for all others."""

    entry: str
    method: PresetSettings
    gate: str
    text: TextSettings


def contenders(settings: ExperimentSettings) -> list[Contender]:
    """Every method of an experiment: the main one, then the compare entries, then the baselines."""
    gate, text = settings.gate, settings.text
    return [
        Contender("", settings.method, gate, text),
        *(Contender(entry.name, entry.method, entry.gate or gate, entry.text or text) for entry in settings.compare),
        *(Contender("", PresetSettings(preset=name), gate, text) for name in settings.baselines),
    ]


class EncoderEntry(PresetSettings):
    """An encoder of an accuracy file: a preset, what is changed in it, and its name if not the preset's."""

    name: str | None = Field(default=None, pattern=NAME)

    @property
    def label(self) -> str:
        """Its name in folders and tables."""
        return self.name or self.preset


class AccuracySettings(_Frozen):
    """An accuracy file: encoders that are trained on all classes of a data set and scored on other subjects.

    encoders: names of presets, or tables of preset, changes and name. validation_subjects: the training subjects that
    `--validate` scores (default: the last quarter). references: also score methods without a network.
    """

    name: str = Field(pattern=NAME)
    title: str = ""
    data: DataSettings
    prepare: PrepareSettings = PrepareSettings()
    encoders: tuple[EncoderEntry, ...] = Field(min_length=1)
    seeds: int = Field(default=5, ge=1)
    validation_subjects: tuple[str, ...] | None = None
    references: bool = True

    @field_validator("data")
    @classmethod
    def _one_data_set(cls, data: DataSettings) -> DataSettings:
        if data.more:
            raise ValueError("an accuracy file is of one data set; leave data.more out")
        return data

    @field_validator("encoders", mode="before")
    @classmethod
    def _from_names(cls, value: Any) -> Any:
        given = value if isinstance(value, list | tuple) else [value]
        return [{"preset": entry} if isinstance(entry, str) else entry for entry in given]

    @field_validator("encoders")
    @classmethod
    def _named_once(cls, entries: tuple[EncoderEntry, ...]) -> tuple[EncoderEntry, ...]:
        labels = [entry.label for entry in entries]
        twice = [label for label in labels if labels.count(label) > 1]
        if twice or "validation" in labels:
            raise ValueError(f"each encoder needs a name of its own, and not {(twice or ['validation'])[0]!r}")
        return entries


def check_seed(seed: int) -> None:
    """Raises SadvaeError for a seed that not all generators of random numbers take."""
    if seed < 0:
        raise SadvaeError(f"seed {seed} is below 0; give a whole number from 0 on.")


def demo_experiment() -> ExperimentSettings:
    """The packaged experiment of `sadvae demo`, on generated motion."""
    return read_experiment(Path(str(files("sadvae") / "demo.toml")))


def read_experiment(path: Path) -> ExperimentSettings:
    """Read an experiment file. Raises SadvaeError that names the faulty field if it is not one."""
    return _read(ExperimentSettings, path)


def read_accuracy(path: Path) -> AccuracySettings:
    """Read an accuracy file. Raises SadvaeError that names the faulty field if it is not one."""
    return _read(AccuracySettings, path)


def _read(model: type[_S], path: Path) -> _S:
    try:
        return model.model_validate(tomllib.loads(read_bytes(path).decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SadvaeError(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise SadvaeError(f"{path}: {first_fault(error, model, value=True)}.") from error
