"""The classifier does what scikit-learn expects: clone, pipelines, cross-validation; and answers with new names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sadvae.classifier import ZeroShotClassifier, _held_out
from sadvae.errors import SadvaeError
from sadvae.protocol import hold_out
from sadvae.recognizer import Recognizer
from sadvae.skeleton.generated import GeneratedSettings, generate_clip_set
from sadvae.task import ClipTask
from sadvae.types import ClassSplit, ClipSet, SkeletonClip
from tests.recognizers import WordVectors

ACTIONS = ("raise the right arm", "squat", "bow", "kick forward with the left leg", "jump", "turn around")
# scikit-learn's types know numbers alone.
RAISE: Any = "raise"
SMALL: dict[str, Any] = {"widths": [8, 16], "strides": [2, 2], "frames": 16, "epochs": 8, "batch_size": 16}


def model(*new_names: str, **settings: Any) -> ZeroShotClassifier:
    small = {"encoder": "demo", "encoder_changes": SMALL, "method": "ridge", "text_encoder": WordVectors()}
    return ZeroShotClassifier(new_names, **(small | settings))


@pytest.fixture(scope="module")
def motion() -> tuple[list[SkeletonClip], list[str]]:
    found = generate_clip_set(actions=ACTIONS, settings=GeneratedSettings(subjects=4, repetitions=2, style=0.5))
    names = [found.class_names[clip.label or 0] for clip in found.clips]
    bare = [SkeletonClip(clip.joints, clip.layout, clip.clip_id, None, clip.subject) for clip in found.clips]
    return bare, names


@pytest.fixture(scope="module")
def fitted(motion: tuple[list[SkeletonClip], list[str]]) -> ZeroShotClassifier:
    return model("wave both hands", held_out=0.3).fit(*motion)


def test_it_learns_trained_names(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    clips, names = motion
    train = [i for i, clip in enumerate(clips) if clip.subject != clips[-1].subject]
    test = [i for i in range(len(clips)) if i not in train]
    found = model(held_out=0, encoder_changes=SMALL | {"widths": [16, 32], "epochs": 30}).fit(
        [clips[i] for i in train], [names[i] for i in train]
    )
    assert found.score([clips[i] for i in test], [names[i] for i in test]) > 0.5
    assert found.classes_.tolist() == sorted(ACTIONS)


def test_probabilities_are_in_the_order_of_classes(
    fitted: ZeroShotClassifier, motion: tuple[list[SkeletonClip], list[str]]
) -> None:
    clips = motion[0][:5]
    assert fitted.classes_.tolist() == sorted([*ACTIONS, "wave both hands"])
    found = fitted.predict_proba(clips)
    assert found.shape == (5, 7)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    for row, prediction in zip(found, fitted.recognizer_.predict(clips, ["wave both hands"], mode="gzsl"), strict=True):
        by_name = {answer.name: answer.probability for answer in prediction.answers}
        np.testing.assert_allclose(row, [by_name[name] for name in fitted.classes_], rtol=1e-5)
    assert fitted.predict(clips).tolist() == fitted.classes_[found.argmax(axis=1)].tolist()


def test_the_recogniser_inside_is_calibrated_on_held_out_classes_and_can_be_saved(
    fitted: ZeroShotClassifier, motion: tuple[list[SkeletonClip], list[str]], tmp_path
) -> None:
    found: Recognizer = fitted.recognizer_
    assert found.gate is not None
    assert found.calibration is not None
    assert found.calibration.fit is not None
    found.save(tmp_path / "r")
    again = Recognizer.load(tmp_path / "r", WordVectors())
    assert again.predict(motion[0][:3], ["fall down"], mode="gzsl") == found.predict(
        motion[0][:3], ["fall down"], mode="gzsl"
    )


def test_a_seed_below_0_is_refused(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    with pytest.raises(SadvaeError, match="seed -1 is below 0"):
        model(seed=-1).fit(*motion)


def test_zsl_answers_with_new_names_alone(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    found = model("bend", "dance", mode="zsl", held_out=0).fit(*motion)
    assert found.classes_.tolist() == ["bend", "dance"]
    assert found.predict_proba(motion[0][:4]).shape == (4, 2)


def test_the_same_seed_gives_the_same_answers(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    one, other = (
        model(held_out=0, encoder_changes=SMALL | {"epochs": 1}).fit(*motion).predict_proba(motion[0][:3])
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)


def test_cloning_and_parameters() -> None:
    first = model("wave both hands", seed=3)
    assert first.get_params()["seed"] == 3
    again = clone(first.set_params(seed=4, mode="zsl"))
    assert isinstance(again, ZeroShotClassifier)
    assert (again.seed, again.mode, again.new_names) == (4, "zsl", ("wave both hands",))
    with pytest.raises(NotFittedError):
        again.predict([])


def test_pipeline_and_cross_validation(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    clips, names = motion
    chain = make_pipeline(FunctionTransformer(), model(held_out=0, encoder_changes=SMALL | {"epochs": 2}))
    assert isinstance(chain, Pipeline)
    scores = cross_val_score(chain, clips, names, cv=2, error_score=RAISE)
    assert scores.shape == (2,)
    assert ((scores >= 0) & (scores <= 1)).all()
    people = [clip.subject for clip in clips]
    by_person = cross_val_score(chain, clips, names, groups=people, cv=GroupKFold(2), error_score=RAISE)
    assert by_person.shape == (2,)


def test_what_cannot_be_learned_is_refused(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    clips, names = motion
    for bad, said in (
        (model("bend", held_out=0), "need a gate, which needs two classes held out"),
        (model(mode="zsl"), "give new_names"),
        (model("squat", "bend", mode="zsl"), "'squat' is among new_names and among the names of training clips"),
        (model(encoder="magic"), "unknown encoder preset 'magic'"),
    ):
        with pytest.raises(SadvaeError, match=said):
            bad.fit(clips, names)
    with pytest.raises(SadvaeError, match="48 clips come with 3 names"):
        model().fit(clips, names[:3])
    with pytest.raises(SadvaeError, match="a clip is a ndarray"):
        model().fit([np.zeros((1, 2, 25, 3))], ["a"])  # type: ignore[list-item]
    with pytest.raises(SadvaeError, match="there are no clips"):
        model().fit([], [])


def test_clips_that_a_fold_draws_twice_are_told_apart(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    clips, names = motion
    quick = model(held_out=0, encoder_changes=SMALL | {"epochs": 1})
    found = quick.fit([*clips, clips[0]], [*names, names[0]]).predict_proba([clips[0], clips[0]])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def without_people(clips: list[SkeletonClip]) -> list[SkeletonClip]:
    return [SkeletonClip(clip.joints, clip.layout, clip.clip_id) for clip in clips]


def test_clips_drawn_with_replacement_are_held_out_with_their_copies(
    motion: tuple[list[SkeletonClip], list[str]],
) -> None:
    clips, names = without_people(motion[0]), motion[1]
    drawn = np.random.default_rng(0).choice(len(clips), len(clips)).tolist()
    drawn += [i for i, name in enumerate(names) if names.index(name) == i]
    quick = model(held_out=0.4, encoder="kinematics", encoder_changes=None)
    found = quick.fit([clips[i] for i in drawn], [names[i] for i in drawn])
    assert found.recognizer_.calibration is not None
    assert found.classes_.tolist() == sorted(ACTIONS)


def test_the_same_clips_are_held_out_as_without_copies(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    clips = tuple(
        SkeletonClip(clip.joints, clip.layout, f"{clip.clip_id}{copy}", ACTIONS.index(name))
        for copy in ("", " again")
        for clip, name in zip(*motion, strict=True)
    )
    whole = ClipSet("clips", clips[0].layout, clips, (*ACTIONS, "others"))
    none, once = whole.where([False] * len(clips)), whole.where(i < len(motion[0]) for i in range(len(clips)))
    split = ClassSplit("fit", tuple(range(6)), (6,), (0, 3))
    level, alone = (_held_out(ClipTask(split, part, none, none)) for part in (whole, once))
    assert [clip.clip_id for clip in alone.train.clips] == [
        clip.clip_id for clip in hold_out(ClipTask(split, once, none, none)).train.clips
    ]
    for mine, single in ((level.train, alone.train), (level.test_seen, alone.test_seen)):
        expected = [clip.clip_id for clip in single.clips]
        assert [clip.clip_id for clip in mine.clips] == [*expected, *(f"{name} again" for name in expected)]


def test_names_with_blanks_around_them_are_refused(motion: tuple[list[SkeletonClip], list[str]]) -> None:
    clips, names = motion
    for odd in (" squat", "squat ", "", " "):
        with pytest.raises(SadvaeError, match=f"a name in y is '{odd}'; expected names without blanks around them"):
            model().fit(clips, [odd, *names[1:]])
