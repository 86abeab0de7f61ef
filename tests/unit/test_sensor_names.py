"""Names of NTU RGB+D and PKU-MMD clips, and the protocols that go by them."""

from __future__ import annotations

import pytest

from sadvae.errors import SadvaeError
from sadvae.protocol import divide, hold_out
from sadvae.sensor_names import PUBLISHED_COUNTS, PUBLISHED_FILES, SUBJECT_RULES, NtuName, ntu_name, pku_view, trains
from sadvae.types import ClassSplit, ClipSet, SkeletonClip
from tests.conftest import STICK, make_clips


def test_names_say_setup_camera_subject_repetition_and_action() -> None:
    assert ntu_name("S018C003P042R002A120") == NtuName(18, 3, 42, 2, 120)
    for other in ("S018C003P042R002A120.skeleton", "S18C3P42R2A120", "a01_s01_e01", ""):
        assert ntu_name(other) is None
    assert [pku_view(name) for name in ("0002-L", "0364-M_3", "0001-R-12", "0002-Lx", "2-L", "x0002-L")] == [
        "L", "M", "R", None, None, None
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "name", "side"),
    [
        ("ntu-xview", "S001C001P001R001A001", False),
        ("ntu-xview", "S001C002P001R001A001", True),
        ("ntu-xview", "S001C003P001R001A001", True),
        ("ntu120-xset", "S001C001P001R001A001", False),
        ("ntu120-xset", "S032C001P001R001A001", True),
        ("pku-xview", "0002-L", False),
        ("pku-xview", "0002-M", True),
        ("pku-xview", "0002-R", True),
    ],
)
def test_cameras_and_setups_say_who_trains(rule: str, name: str, side: bool) -> None:
    assert trains(rule, name) == side


def test_a_name_that_does_not_say_is_refused() -> None:
    with pytest.raises(SadvaeError, match="clip 'c0' is not named as ntu-xview needs it, like SsssCccc"):
        trains("ntu-xview", "c0")
    with pytest.raises(SadvaeError, match="like 0002-L"):
        divide(make_clips(), ClassSplit("s", (0, 1, 2), (3,)), "pku-xview")


def test_published_numbers_add_up() -> None:
    assert (len(SUBJECT_RULES["ntu60-xsub"]), len(SUBJECT_RULES["ntu120-xsub"])) == (20, 53)
    for dataset, rules in PUBLISHED_COUNTS.items():
        files, without = PUBLISHED_FILES[dataset]
        assert {train + test for train, test in rules.values()} == {files - without}


@pytest.mark.parametrize("rule", ["ntu-xview", "ntu120-xset"])
def test_a_level_by_camera_or_setup_says_that_people_are_shared(rule: str) -> None:
    base = make_clips().clips[0]
    clips = tuple(
        SkeletonClip(base.joints, STICK, f"S{s:03d}C{c:03d}P001R{r:03d}A{a + 1:03d}", a, "1")
        for s in (1, 2) for c in (1, 2) for r in (1, 2) for a in range(4)
    )  # fmt: skip
    split = ClassSplit("s", (0, 1, 2), (3,), (2,))
    task = divide(ClipSet("ntu", STICK, clips, ("a", "b", "c", "d")), split, rule)
    assert task.allow == ("shared_subjects",)
    assert len(task.train.clips) == 12
    assert all(trains(rule, clip.clip_id) for clip in task.train.clips)
    assert not any(trains(rule, clip.clip_id) for part in (task.test_seen, task.test_unseen) for clip in part.clips)
    assert hold_out(task).allow == ("shared_subjects",)
