"""An experiment that starts at the waist: features, and vectors of class texts, that a user brings."""

from __future__ import annotations

from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.features.folder import Features, read_features
from sadvae.settings import ExperimentSettings
from sadvae.stages import division_for
from sadvae.text.embed import precomputed_embeddings, read_class_embeddings
from sadvae.text.fitting import check_vectors
from sadvae.types import ClassEmbeddings, ClassSplit, ClassTexts


def imported_features(folder: Path, settings: ExperimentSettings) -> Features:
    """A features folder (from `import` or `extract`) for an experiment; its held-out classes stay its own.

    Raises SadvaeError where the folder is of other unseen classes than the experiment's split.
    """
    found = read_features(folder)
    wanted = division_for(settings.split, settings.data, found.class_names).split
    split = found.test.split
    if (set(split.seen), set(split.unseen)) != (set(wanted.seen), set(wanted.unseen)):
        raise SadvaeError(
            f"{folder} has features of split {split.name!r}, unseen classes {_ids(split)}; experiment "
            f"{settings.name!r} has split {wanted.name!r}, unseen classes {_ids(wanted)}; choose the file of the same "
            "split, or change its [split]."
        )
    return found


def imported_vectors(path: Path, texts: ClassTexts) -> ClassEmbeddings:
    """Class vectors from a file of `import` or `embed` (.npz), or an array [class, d] or [class, text, d] (.npy)."""
    found = precomputed_embeddings(path, texts) if Path(path).suffix == ".npy" else read_class_embeddings(path)
    check_vectors(found, texts.names, path=path, whose="the data set")
    return found


def _ids(split: ClassSplit) -> str:
    return ", ".join(map(str, sorted(split.unseen)))
