"""An experiment that starts at the waist: features, and vectors of class texts, that a user brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sadvae.errors import SadvaeError
from sadvae.features.folder import Features, read_features
from sadvae.settings import IMPORTED, ExperimentSettings, PartSettings, PresetSettings, SplitSettings
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.stages import division_for, is_own_split
from sadvae.text.embed import precomputed_embeddings, read_class_embeddings
from sadvae.text.fitting import check_vectors
from sadvae.types import ClassEmbeddings, ClassSplit, ClassTexts

# Settings that say which clips there are and how they are divided: features that are brought have both behind them.
_OF_CLIPS = ("train_subjects", "layout", "generated")
_OF_LEVELS = ("held_out_subjects", "unseen_from")


def imported_features(folder: Path, settings: ExperimentSettings) -> Features:
    """A features folder (from `import` or `extract`) for an experiment; its held-out classes stay its own.

    Raises SadvaeError where the folder is of other unseen classes than the experiment's split, or of other held-out
    classes than it names.
    """
    found = read_features(folder)
    split = found.test.split
    if is_own_split(settings, folder):
        wanted = split
    else:
        wanted = division_for(settings.split, settings.data, found.class_names).split
    if (set(split.seen), set(split.unseen)) != (set(wanted.seen), set(wanted.unseen)):
        raise SadvaeError(
            f"{folder} has features of split {split.name!r}, unseen classes {_ids(split)}; experiment "
            f"{settings.name!r} has split {wanted.name!r}, unseen classes {_ids(wanted)}; choose the file of the same "
            "split, or change its [split]."
        )
    _check_held_out(folder, split, settings)
    return found


def _check_held_out(folder: Path, split: ClassSplit, settings: ExperimentSettings) -> None:
    wanted = settings.split.validation_unseen
    if wanted and set(wanted) != set(split.validation_unseen):
        held = f"classes {_listed(split.validation_unseen)}" if split.validation_unseen else "no class"
        raise SadvaeError(
            f"{folder} holds out {held} for calibration; experiment {settings.name!r} has validation_unseen "
            f"{_listed(wanted)}; leave it out of [split], or make features of that division."
        )


def idle_settings(settings: ExperimentSettings) -> list[str]:
    """The settings of an experiment that do nothing where its features are brought, and are not their defaults.

    The encoder is not among them: every file names one, or has one by default.
    """
    data, split = _defaults(PartSettings, _OF_CLIPS), _defaults(SplitSettings, _OF_LEVELS)
    parts = settings.data.parts
    idle = [f"{name} of [data]" for name in data if any(getattr(part, name) != data[name] for part in parts)]
    idle += ["[prepare]"] if settings.prepare != PrepareSettings() else []
    return idle + [f"{name} of [split]" for name in split if getattr(settings.split, name) != split[name]]


def as_brought(settings: ExperimentSettings) -> ExperimentSettings:
    """The settings of an experiment whose features are brought: defaults in place of what would have made others."""
    data, split = settings.data, settings.split
    own = _defaults(PartSettings, _OF_CLIPS)
    more = tuple(part.model_copy(update=own) for part in data.more)
    changes = {
        "data": data.model_copy(update={**own, "more": more}),
        "prepare": PrepareSettings(),
        "split": split.model_copy(update=_defaults(SplitSettings, _OF_LEVELS)),
        "encoder": PresetSettings(preset=IMPORTED),
    }
    return settings.model_copy(update=changes)


def _defaults(model: type[BaseModel], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: model.model_fields[name].default for name in names}


def imported_vectors(path: Path, texts: ClassTexts) -> ClassEmbeddings:
    """Class vectors from a file of `import` or `embed` (.npz), or an array [class, d] or [class, text, d] (.npy)."""
    found = precomputed_embeddings(path, texts) if Path(path).suffix == ".npy" else read_class_embeddings(path)
    check_vectors(found, texts.names, path=path, whose="the data set")
    return found


def _ids(split: ClassSplit) -> str:
    return _listed(split.unseen)


def _listed(classes: tuple[int, ...]) -> str:
    return ", ".join(map(str, sorted(classes)))
