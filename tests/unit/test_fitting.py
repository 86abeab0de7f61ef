"""Class vectors go with features of the same classes, and a recogniser with the encoder that made its features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.encoders.extract import extract
from sadvae.encoders.made_by import check_made_by
from sadvae.encoders.pretrain import pretrain
from sadvae.encoders.settings import encoder_preset
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.task import ClipTask
from sadvae.text.embed import read_class_embeddings, write_class_embeddings
from sadvae.text.fitting import check_vectors
from sadvae.types import ClassEmbeddings, ClassSplit
from tests.conftest import make_clips, make_embeddings

OWN = ("wave", "squat", "jump")


def vectors(*names: str) -> ClassEmbeddings:
    return replace(make_embeddings(len(names)), names=names)


@pytest.mark.parametrize(
    ("found", "own"),
    [
        (vectors("Wave", "squat", "leap"), OWN),
        (replace(vectors(*OWN), names=()), OWN),
        (vectors(*OWN), ("class 0", "class 1", "class 2")),
    ],
)
def test_vectors_of_the_same_classes_are_taken(found: ClassEmbeddings, own: tuple[str, ...]) -> None:
    check_vectors(found, own, path=Path("e.npz"), whose="f")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (vectors("wave", "squat"), r"e\.npz holds vectors of 2 classes; f has 3 classes; take the vectors of the same"),
        (vectors("wave", "jump", "squat"), r"e\.npz has 'jump' as class 1, where f has 'squat'; take"),
        (vectors("draw", "throw", "sit"), r"e\.npz has 'draw' as class 0, where f has 'wave'; take"),
    ],
)
def test_vectors_of_other_classes_are_refused(found: ClassEmbeddings, said: str) -> None:
    with pytest.raises(SadvaeError, match=said):
        check_vectors(found, OWN, path=Path("e.npz"), whose="f")


def test_the_file_keeps_names(tmp_path: Path) -> None:
    write_class_embeddings(tmp_path / "e.npz", vectors(*OWN))
    assert read_class_embeddings(tmp_path / "e.npz").names == OWN
    with pytest.raises(SadvaeError, match="3 ids and 1 names"):
        replace(vectors(*OWN), names=("wave",))


def encoder(seed: int, **changes: object) -> TrainedEncoder:
    clips = make_clips()
    train, seen, unseen = (
        clips.where(clip.label in labels and (clip.subject in ("1", "2")) == trains for clip in clips.clips)
        for labels, trains in (((0, 1, 2), True), ((0, 1, 2), False), ((3,), False))
    )
    small = {"widths": (8,), "strides": (2,), "frames": 8, "epochs": 1} | changes
    settings = encoder_preset("demo").model_copy(update=small)
    return pretrain(ClipTask(ClassSplit("s", (0, 1, 2), (3,)), train, seen, unseen), 4, settings, seed)


def test_a_recogniser_takes_the_encoder_that_made_the_features() -> None:
    made = encoder(0)
    part = extract(made, make_clips())
    paths = {"features": Path("f"), "encoders": Path("e")}
    check_made_by(part, made, **paths)
    check_made_by(replace(part, encoder_digest=""), encoder(1), **paths)
    wide = replace(part, features=np.ones((len(part.labels), 5), np.float32))
    other = replace(part, encoder=replace(made.trace, classes=(0, 1)))
    for found, asked, said in (
        (part, encoder(1), "f was not made by the encoders of e: its encoder has other weights; give the encoders"),
        (wide, made, "it has 5 dimensions, where they give 8"),
        (other, made, "its encoder was trained on other classes, subjects or clips"),
        (replace(part, encoder=None), made, "f does not say which encoder made its features, as imported ones"),
    ):
        with pytest.raises(SadvaeError, match=said):
            check_made_by(found, asked, **paths)
