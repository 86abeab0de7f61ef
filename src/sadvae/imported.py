"""An experiment that starts at the waist: features, and vectors of class texts, that a user brings."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.features.folder import Features, read_features
from sadvae.files import hash_each
from sadvae.settings import ExperimentSettings, PresetSettings, TextSettings
from sadvae.stages import division_for
from sadvae.text.embed import precomputed_embeddings, read_class_embeddings
from sadvae.types import ClassEmbeddings, ClassSplit, ClassTexts

IMPORTED = "imported"


def as_imported(settings: ExperimentSettings, features: Path | None, vectors: Path | None) -> ExperimentSettings:
    """The settings as a record has to state them: no encoder or text of the file counts where its result is given."""
    changes: dict[str, object] = {}
    if features is not None:
        changes["encoder"] = PresetSettings(preset=IMPORTED)
    if vectors is not None:
        changes["text"] = TextSettings(encoder=str(vectors), mode=IMPORTED)
    return settings.model_copy(update=changes)


def imported_features(folder: Path, settings: ExperimentSettings) -> Features:
    """A features folder (from `import` or `extract`) for an experiment; its held-out classes stay its own.

    Raises SadvaeError where the folder is of other unseen classes than the experiment's split.
    """
    found = read_features(folder)
    wanted = division_for(settings.split, settings.data, len(found.class_names)).split
    split = found.test.split
    if (set(split.seen), set(split.unseen)) != (set(wanted.seen), set(wanted.unseen)):
        raise SadvaeError(
            f"{folder} has features of split {split.name!r}, unseen classes {_ids(split)}; experiment "
            f"{settings.name!r} has split {wanted.name!r}, unseen classes {_ids(wanted)}; choose the file of the same "
            "split, or change its [split]."
        )
    return found


def hash_features(found: Features) -> str:
    """A sha256 over what both levels of a features folder hold, in hexadecimal."""
    levels = [level for level in (found.test, found.calibration) if level is not None]
    words = json.dumps([found.class_names, [(asdict(level.split), level.allow) for level in levels]])
    parts = [part for level in levels for part in (level.train, level.test_seen, level.test_unseen)]
    arrays = [array for part in parts for array in (part.features, part.labels, part.seen_logits)]
    return hash_each([np.array(words), *(array for array in arrays if array is not None)])


def imported_vectors(path: Path, texts: ClassTexts) -> ClassEmbeddings:
    """Class vectors from a file of `import` or `embed` (.npz), or an array [class, d] or [class, text, d] (.npy)."""
    found = precomputed_embeddings(path, texts) if Path(path).suffix == ".npy" else read_class_embeddings(path)
    if set(found.ids) != set(texts.ids):
        raise SadvaeError(
            f"{path} holds vectors of {len(found.ids)} classes; the data set has {len(texts.ids)} classes; take the "
            "vectors of the same data set."
        )
    return found


def _ids(split: ClassSplit) -> str:
    return ", ".join(map(str, sorted(split.unseen)))
