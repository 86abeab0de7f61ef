"""Pretraining learns, repeats itself under a seed, and goes on after a stop as if there had been none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sadvae.encoders.extract import extract
from sadvae.encoders.levels import extract_level, load_encoders, pretrain_levels
from sadvae.encoders.pretrain import EpochReport, pretrain
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import LeakageError, SadvaeError
from sadvae.protocol import Division, divide
from sadvae.splits.reader import build_split
from sadvae.types import ClipSet, SkeletonClip
from tests.conftest import STICK, make_clips

SMALL = EncoderSettings(widths=(8, 16), strides=(1, 2), frames=8, epochs=4, batch_size=8, precision="float32")

# Hips left and right, spine, shoulders left and right: where they are tells the joints apart.
POSTURE = np.array([[-0.3, 0, 0], [0.3, 0, 0], [0, 0.5, 0], [-0.5, 1, 0], [0.5, 1, 0]], dtype=np.float32)


def moving_clips(classes: int = 6, subjects: int = 4, repetitions: int = 2) -> ClipSet:
    """Clips in which the class is the joint that swings: easy to tell apart."""
    noise = make_clips(classes, subjects, repetitions)

    def moved(clip: SkeletonClip) -> SkeletonClip:
        joints = 0.05 * clip.joints + POSTURE
        joints[:, :, (clip.label or 0) % 5, (clip.label or 0) // 5] += np.sin(np.arange(8))
        return replace(clip, joints=joints)

    return replace(noise, clips=tuple(moved(clip) for clip in noise.clips), steps=("made",))


CLIPS = moving_clips()
TASK = divide(CLIPS, build_split("s", [5], 6))


def same_weights(one: TrainedEncoder, other: TrainedEncoder) -> bool:
    pairs = zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_an_easy_task_is_learnt_and_only_seen_classes_of_training_subjects_are_used() -> None:
    task = divide(moving_clips(repetitions=8), build_split("s", [5], 6))
    encoder = pretrain(task, 6, SMALL.model_copy(update={"widths": (16, 32), "epochs": 30}), 0)
    found = extract(encoder, task.test_seen)
    assert found.seen_logits is not None
    assert np.mean(found.seen_logits.argmax(1) == found.labels) > 0.8
    assert encoder.trace.classes == (0, 1, 2, 3, 4)
    assert encoder.trace.subjects == ("1", "3")
    assert set(encoder.trace.clip_ids) == {clip.clip_id for clip in task.train.clips}


def test_the_same_seed_gives_the_same_weights_whatever_torch_drew_before() -> None:
    one = pretrain(TASK, 6, SMALL, 3)
    torch.rand(7)
    assert same_weights(one, pretrain(TASK, 6, SMALL, 3))
    assert not same_weights(one, pretrain(TASK, 6, SMALL, 4))


def test_test_clips_change_nothing() -> None:
    broken = tuple(replace(clip, joints=clip.joints * 100) for clip in TASK.test_unseen.clips)
    poisoned = replace(TASK, test_unseen=replace(TASK.test_unseen, clips=broken))
    assert same_weights(pretrain(TASK, 6, SMALL, 0), pretrain(poisoned, 6, SMALL, 0))


@pytest.mark.parametrize("stop", [0, 2])
def test_a_stopped_training_goes_on_to_the_same_result(tmp_path: Path, stop: int) -> None:
    class StoppedError(Exception):
        pass

    def interrupt(report: EpochReport) -> None:
        if report.epoch == stop:
            raise StoppedError

    path = tmp_path / "run.checkpoint"
    with pytest.raises(StoppedError):
        pretrain(TASK, 6, SMALL, 0, on_epoch=interrupt, checkpoint=path)
    epochs: list[int] = []
    resumed = pretrain(TASK, 6, SMALL, 0, on_epoch=lambda r: epochs.append(r.epoch), checkpoint=path)
    assert epochs == list(range(stop + 1, SMALL.epochs))
    assert same_weights(resumed, pretrain(TASK, 6, SMALL, 0))
    # Another seed does not go on from a foreign checkpoint.
    assert same_weights(pretrain(TASK, 6, SMALL, 1, checkpoint=path), pretrain(TASK, 6, SMALL, 1))
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    pretrain(TASK, 6, SMALL, 0, checkpoint=path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SadvaeError, match=r"run\.checkpoint is not a readable checkpoint"):
        pretrain(TASK, 6, SMALL, 0, checkpoint=path)


def test_a_changed_number_in_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    pretrain(TASK, 6, SMALL, 0, checkpoint=path)
    weight = next(iter(torch.load(path)["state"]["training"]["network"].values())).numpy().tobytes()
    whole = path.read_bytes()
    assert len(weight) >= 32
    path.write_bytes(whole.replace(weight, bytes([weight[0] ^ 1]) + weight[1:]))
    assert path.read_bytes() != whole
    with pytest.raises(SadvaeError, match=r"not a readable checkpoint \(the checksum of .* does not match\)"):
        pretrain(TASK, 6, SMALL, 0, checkpoint=path)
    torch.save(torch.zeros(3), path)
    with pytest.raises(SadvaeError, match=r"not a readable checkpoint"):
        pretrain(TASK, 6, SMALL, 0, checkpoint=path)


def test_a_checkpoint_of_other_bones_or_names_is_not_gone_on_from(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    named = replace(TASK.train, class_names=("swipe left", *TASK.train.class_names[1:]))
    other = replace(STICK, bones=((0, 2), (1, 2), (0, 3), (1, 4)))
    boned = tuple(replace(clip, layout=other) for clip in TASK.train.clips)
    for changed in (named, replace(TASK.train, layout=other, clips=boned)):
        pretrain(TASK, 6, SMALL, 0, checkpoint=path)
        reports: list[EpochReport] = []
        pretrain(replace(TASK, train=changed), 6, SMALL, 0, on_epoch=reports.append, checkpoint=path)
        assert [report.epoch for report in reports] == list(range(SMALL.epochs))
        path.unlink()


def test_an_encoder_survives_save_and_load(tmp_path: Path) -> None:
    encoder = pretrain(TASK, 6, SMALL, 0)
    encoder.save(tmp_path / "e")
    again = TrainedEncoder.load(tmp_path / "e")
    assert (again.trace, again.layout, again.steps) == (encoder.trace, STICK, ("made",))
    np.testing.assert_array_equal(extract(again, CLIPS).features, extract(encoder, CLIPS).features)
    (tmp_path / "e" / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(SadvaeError, match="is not a skeleton encoder"):
        TrainedEncoder.load(tmp_path / "e")


def test_a_clip_has_the_same_features_in_any_company() -> None:
    encoder = pretrain(TASK, 6, SMALL, 0)
    alone = extract(encoder, replace(CLIPS, clips=CLIPS.clips[:1])).features[0]
    np.testing.assert_allclose(alone, extract(encoder, CLIPS).features[0], atol=1e-5)


def test_other_layouts_and_other_preparations_are_refused() -> None:
    encoder = pretrain(TASK, 6, SMALL, 0)
    with pytest.raises(SadvaeError, match="prepared with steps \\(none\\); this encoder knows clips with steps made"):
        extract(encoder, replace(CLIPS, steps=()))
    other = replace(STICK, name="other", joints=("a left", "a right", "b", "c left", "c right"))
    clips = tuple(replace(clip, layout=other) for clip in CLIPS.clips)
    with pytest.raises(SadvaeError, match="trained on 'stick'"):
        extract(encoder, replace(CLIPS, layout=other, clips=clips))
    other = replace(STICK, spine=3)
    clips = tuple(replace(clip, layout=other) for clip in CLIPS.clips)
    with pytest.raises(SadvaeError, match="has other bones, hips, spine or shoulders in layout 'stick' than this"):
        extract(encoder, replace(CLIPS, layout=other, clips=clips))


def test_a_class_with_one_clip_and_a_loss_that_is_no_number_are_named() -> None:
    few = TASK.train.where(clip.label != 0 or clip.clip_id == "c0-s1-r0" for clip in TASK.train.clips)
    with pytest.raises(SadvaeError, match="class 'action 0' has a single training clip"):
        pretrain(replace(TASK, train=few), 6, SMALL, 0)
    none = TASK.train.where(clip.label != 0 for clip in TASK.train.clips)
    with pytest.raises(SadvaeError, match="class 'action 0' has no training clip"):
        pretrain(replace(TASK, train=none), 6, SMALL, 0)
    with pytest.raises(SadvaeError, match="loss is not a number in epoch"):
        pretrain(TASK, 6, SMALL.model_copy(update={"learning_rate": 1e30}), 0)


def test_both_levels_are_trained_each_on_its_own_clips(tmp_path: Path) -> None:
    division = Division(split=build_split("s", [5], 6, (3, 4)))
    seen: set[tuple[str, int]] = set()
    found = pretrain_levels(CLIPS, division, SMALL, 0, tmp_path / "e", lambda level, r: seen.add((level, r.epoch)))
    assert seen == {(level, epoch) for level in ("test", "calibration") for epoch in range(SMALL.epochs)}
    again = load_encoders(tmp_path / "e")
    assert again.division == division
    assert again.calibration is not None
    assert again.test.trace.classes == (0, 1, 2, 3, 4)
    assert again.calibration.trace.classes == (0, 1, 2)
    levels = division.levels(CLIPS)
    alone = pretrain(levels.test, 6, SMALL, 0)
    assert same_weights(found.test, alone)
    train, test_seen, test_unseen = extract_level(found.test, levels.test)
    assert {int(label) for label in test_unseen.labels} == {5}
    assert len(train.labels) + len(test_seen.labels) + len(test_unseen.labels) == 6 * 8 - 4


DIVISION = Division(split=build_split("s", [5], 6, (3, 4)))


class KilledError(Exception):
    """Stands for a kill between two epochs."""


def kill_between_levels(settings: EncoderSettings, folder: Path) -> None:
    """The first level is written, the second has begun."""

    def interrupt(level: str, report: EpochReport) -> None:
        if level == "calibration":
            raise KilledError

    with pytest.raises(KilledError):
        pretrain_levels(CLIPS, DIVISION, settings, 0, folder, interrupt, side_by_side=False)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_retraining_that_is_killed_leaves_no_folder_of_two_trainings(tmp_path: Path) -> None:
    folder, other = tmp_path / "mix", SMALL.model_copy(update={"architecture": "st_gcn_pp"})
    pretrain_levels(CLIPS, DIVISION, SMALL, 0, folder, side_by_side=False)
    kill_between_levels(other, folder)
    with pytest.raises(SadvaeError, match=r"training in .*mix is not finished; give its `sadvae pretrain` command"):
        load_encoders(folder)
    pretrain_levels(CLIPS, DIVISION, other, 0, folder, side_by_side=False)
    pretrain_levels(CLIPS, DIVISION, other, 0, tmp_path / "unbroken", side_by_side=False)
    assert files_of(folder) == files_of(tmp_path / "unbroken")


def test_the_same_training_once_more_leaves_its_folder_whole(tmp_path: Path) -> None:
    folder = tmp_path / "e"
    pretrain_levels(CLIPS, DIVISION, SMALL, 0, folder, side_by_side=False)
    before = files_of(folder)
    kill_between_levels(SMALL, folder)
    assert {name: files_of(folder)[name] for name in before} == before
    assert load_encoders(folder).division == DIVISION


def test_levels_of_two_settings_are_refused_and_a_level_too_many_is_not_read(tmp_path: Path) -> None:
    folder, other = tmp_path / "mix", SMALL.model_copy(update={"epochs": 1})
    pretrain_levels(CLIPS, DIVISION, SMALL, 0, folder, side_by_side=False)
    pretrain(DIVISION.levels(CLIPS).test, 6, other, 0).save(folder / "test")
    with pytest.raises(SadvaeError, match=r"mix holds levels of two trainings.*; pretrain again"):
        load_encoders(folder)
    alone = Division(split=replace(DIVISION.split, validation_unseen=()))
    assert pretrain_levels(CLIPS, alone, other, 0, folder, side_by_side=False).calibration is None


def test_an_encoder_cannot_be_given_an_unseen_class() -> None:
    with pytest.raises(LeakageError, match="class 5"):
        replace(TASK, train=CLIPS)
