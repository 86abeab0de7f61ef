"""Keys of what is finished: a list of videos counts by its content, and without one they are what they always were."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sadvae import __version__
from sadvae.accuracy import _key as accuracy_key
from sadvae.accuracy_job import Scored
from sadvae.bench.plan import find_experiments
from sadvae.experiment import Run
from sadvae.keys import key_of, list_digests, record_key
from sadvae.settings import DataSettings, ExperimentSettings, PartSettings, SplitSettings, read_experiment
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.stages import division_for, encoder_settings
from tests.conftest import ROOT, make_clips

LISTS = tuple(f"Training videos:\n000{one}-L\nValidation videos:\n000{3 - one}-L\n" for one in (1, 2))


class StoppedError(Exception):
    pass


class NotedRun(Run):
    """Stops at its first stage, with the key of that."""

    def _stage(self, name: str, path: Path, key: str, build: object) -> None:
        raise StoppedError(key)


def experiment(rule: str, *more: PartSettings) -> ExperimentSettings:
    data = DataSettings(dataset="sticks", train_subjects=rule, more=more)
    return ExperimentSettings(name="x", data=data, split=SplitSettings(name="random-4-2-0"))


def encoders_key(rule: str) -> str:
    run = NotedRun(experiment(rule), None, Path("out"), 0, lambda *_, **__: None)
    run.clip_hash = "clips"
    with pytest.raises(StoppedError) as stop:
        run.pretrain(make_clips(classes=6))
    return str(stop.value)


def prepare_key(classes: Path) -> str:
    settings = experiment("odd").model_copy(update={"data": DataSettings(dataset="sticks", classes=classes)})
    with pytest.raises(StoppedError) as stop:
        NotedRun(settings, None, Path("out"), 0, lambda *_, **__: None).prepare()
    return str(stop.value)


def scored_key(rule: str) -> str:
    known: dict[str, Any] = dict.fromkeys(("part", "settings", "seed", "steps", "data_hashes"), "same")
    return accuracy_key(known, Scored(Path("clips.npz"), rule, False, None), make_clips())


def test_a_list_that_changed_changes_the_keys_of_records_and_encoders(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    keys = set()
    for text in LISTS:
        path.write_text(text)
        other = experiment("odd", PartSettings(dataset="other", train_subjects=str(path)))
        keys |= {record_key(experiment(str(path)), "origin", 0), record_key(other, "origin", 0)}
        keys |= {encoders_key(str(path)), scored_key(str(path))}
    assert len(keys) == 8
    path.write_text(LISTS[0])
    assert {record_key(experiment(str(path)), "origin", 0), encoders_key(str(path)), scored_key(str(path))} < keys


def test_a_list_that_features_do_not_need_may_be_missing(tmp_path: Path) -> None:
    rule = str(tmp_path / "nowhere.txt")
    assert list_digests(experiment(rule).data) == []
    assert record_key(experiment(rule), "origin", 0) != record_key(experiment("odd"), "origin", 0)


def test_keys_without_a_list_are_what_they_were() -> None:
    """Caches of experiments outlive a change of how others are told apart."""
    idle = {"title": True, "seeds": True, "published": True, "compare": {"__all__": {"question"}}}
    for path in find_experiments([ROOT / "experiments" / "utd_mhad", ROOT / "experiments" / "general"]):
        settings = read_experiment(path)
        assert not list_digests(settings.data)
        text = json.dumps([settings.model_dump(mode="json", exclude=idle), "origin", [], 3])
        expected = hashlib.sha256(f"{__version__} {text}".encode()).hexdigest()
        assert record_key(settings, "origin", 3) == expected, path
    plain = experiment("odd")
    division = division_for(plain.split, plain.data, make_clips(classes=6).class_names)
    assert encoders_key("odd") == key_of(division, encoder_settings(plain.encoder), "clips", 0)
    clips = make_clips()
    who = [(clip.clip_id, clip.label, clip.subject) for clip in clips.clips]
    moves = dict.fromkeys(("part", "settings", "seed", "steps", "data_hashes"), "same")
    text = json.dumps([moves, who, ["odd", None]], sort_keys=True)
    assert scored_key("odd") == hashlib.sha256(f"{__version__} {text}".encode()).hexdigest()


def test_a_list_of_classes_that_changed_has_clips_prepared_again(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    keys = []
    for names in ("first\nsecond\n", "first\nkick\n"):
        path.write_text(names)
        keys += [prepare_key(path), record_key(experiment("odd"), "origin", 0)]
    assert len({*keys}) == 3


@pytest.mark.parametrize("what", ["labels", "subjects", "names of clips", "class names"])
def test_encoders_and_features_are_made_again_where_only_what_clips_are_called_changed(
    tmp_path: Path, what: str
) -> None:
    """Equal joints once kept features with the labels and subjects of before, so that a test subject could train."""
    clips = make_clips(classes=6)
    first, last = clips.clips[0], clips.clips[-1]
    swaps = {
        "labels": (replace(first, label=last.label), replace(last, label=first.label)),
        "subjects": (replace(first, subject=last.subject), replace(last, subject=first.subject)),
        "names of clips": (replace(first, clip_id=last.clip_id), replace(last, clip_id=first.clip_id)),
        "class names": (first, last),
    }
    begin, end = swaps[what]
    assert (begin, end) != (first, last) or what == "class names"
    names = clips.class_names[::-1] if what == "class names" else clips.class_names
    changed = replace(clips, clips=(begin, *clips.clips[1:-1], end), class_names=names)
    found = []
    for number, one in enumerate((clips, changed, clips)):
        source = tmp_path / f"{number}.npz"
        write_clips_file(source, one)
        run = Run(experiment("odd"), source, tmp_path / f"out-{number}", 0, lambda *_, **__: None)
        run.prepare()
        found.append((run.data_hashes["clips"], run.clip_hash))
    assert found[0] == found[2]
    assert found[0][0] == found[1][0], "the joints are equal"
    assert found[0][1] != found[1][1]
