"""Settings, sources and clips of several data sets, and that one data set is what it was before."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from sadvae.bench.plan import make_plan, source_for
from sadvae.errors import SadvaeError
from sadvae.joined_clips import join_clips
from sadvae.protocol import Division, divide
from sadvae.settings import AccuracySettings, DataSettings, ExperimentSettings
from sadvae.sources import Sources, single
from sadvae.splits.reader import build_split
from sadvae.text.merging import join_classes
from tests.leakage.test_joined import SETS, A, B, C

TWO = {"dataset": "utd_mhad", "more": [{"dataset": "msr_action3d"}, {"dataset": "generated"}]}


def test_one_data_set_is_written_as_before_so_that_finished_runs_stay_finished() -> None:
    alone = DataSettings(dataset="utd_mhad")
    assert set(alone.model_dump()) == {"dataset", "train_subjects", "layout", "classes", "generated"}
    assert "joined" not in Division(split=build_split("s", [1], 4)).model_dump()
    both = DataSettings.model_validate(TWO)
    assert DataSettings.model_validate(both.model_dump(mode="json")) == both
    assert [part.dataset for part in both.parts] == ["utd_mhad", "msr_action3d", "generated"]


def test_a_data_set_is_named_once_and_an_accuracy_file_is_of_one() -> None:
    with pytest.raises(ValidationError, match="two data sets have the name 'generated'"):
        DataSettings.model_validate({"dataset": "generated", "more": [{"dataset": "generated"}]})
    with pytest.raises(ValidationError, match="an accuracy file is of one data set"):
        AccuracySettings.model_validate({"name": "x", "data": TWO, "encoders": ["default"]})


def test_each_data_set_gets_its_own_files(tmp_path: Path) -> None:
    settings = ExperimentSettings.model_validate({"name": "x", "data": TWO, "split": {"name": "purls-22-5"}})
    one, other = tmp_path / "one", tmp_path / "other"
    found = source_for(settings, {"utd_mhad": one, "msr_action3d": other})
    assert found == Sources((("utd_mhad", one), ("msr_action3d", other)))
    assert isinstance(found, Sources)
    assert found.of("msr_action3d") == other
    assert found.of("generated") is None
    with pytest.raises(SadvaeError, match="--data pku51=PATH"):
        found.of("pku51")
    with pytest.raises(SadvaeError, match="one data set"):
        single(found)
    with pytest.raises(SadvaeError, match="give --data msr_action3d=PATH and --data utd_mhad=PATH"):
        make_plan([settings], {"": one}, None, tmp_path)


def test_joined_clips_are_not_divided_as_if_they_were_of_one_data_set() -> None:
    joined = join_clips(SETS, join_classes([A, B, C], 0.9))
    with pytest.raises(SadvaeError, match="give the experiment file to `sadvae run`"):
        divide(joined, build_split("s", [4], len(joined.class_names)))


def test_a_class_that_the_list_lacks_is_refused() -> None:
    with pytest.raises(SadvaeError, match=r"b has clips of class 3, and its list of classes has 3 classes"):
        join_clips([SETS[0], SETS[1]], join_classes([A, type(C)("b", C.texts, C.vectors)], 0.9))
