"""The generated body and its actions, before any sensor."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.skeleton.generated.actions import ACTIONS, Action, Move
from sadvae.skeleton.generated.body import ARMS, BONES, JOINTS, LEGS, lengths_of
from sadvae.skeleton.generated.clock import draw_clock
from sadvae.skeleton.generated.perform import perform
from sadvae.skeleton.generated.rotation import about, bend, rotate
from sadvae.skeleton.generated.subjects import Subject, draw_subject
from sadvae.skeleton.layouts import load_layout

LEFT, RIGHT = 0, 1
WRIST, ANKLE = 2, 2


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def subject(style: float = 1.0, left_handed: bool = False, seed: int = 0) -> Subject:
    return replace(draw_subject(rng(seed), style, 0.0), left_handed=left_handed)


def act(name: str, who: Subject, style: float = 1.0, seed: int = 1) -> np.ndarray:
    action = next(action for action in ACTIONS if action.name == name)
    return perform(action, who, rng(seed, 1), rng(seed, 2), style=style)


def travel(joints: np.ndarray, joint: int) -> float:
    """How far a joint moves from where it starts, relative to the base of the spine, metres."""
    path = joints[:, joint] - joints[:, 0]
    return float(np.linalg.norm(path - path[0], axis=1).max())


def test_every_bone_keeps_its_length() -> None:
    for number, action in enumerate(ACTIONS):
        joints = perform(action, subject(seed=number), rng(number, 1), rng(number, 2), style=1.5)
        for parent, child in BONES:
            length = np.linalg.norm(joints[:, child] - joints[:, parent], axis=1)
            assert np.ptp(length) < 1e-5, (action.name, parent, child)
            assert length[0] > 0.02


def test_the_bones_reach_every_joint_and_have_the_subjects_lengths() -> None:
    assert {child for _, child in BONES} | {0} == set(range(JOINTS))
    who = subject()
    joints, lengths = act("squat", who), lengths_of(who)
    for side in (LEFT, RIGHT):
        arm, leg = joints[0, ARMS[side]], joints[0, LEGS[side]]
        assert np.linalg.norm(arm[1] - arm[0]) == pytest.approx(lengths.arm[0])
        assert np.linalg.norm(arm[2] - arm[1]) == pytest.approx(lengths.arm[1])
        assert np.linalg.norm(leg[2] - leg[1]) == pytest.approx(lengths.leg[1])


def test_joint_indices_carry_the_names_of_the_layout() -> None:
    names = load_layout("kinect-v2").joints
    assert len(names) == JOINTS
    for side, word in ((LEFT, "left"), (RIGHT, "right")):
        for joint in (*ARMS[side], *LEGS[side]):
            assert word in names[joint]
        for joint, part in ((ARMS[side][1], "elbow"), (ARMS[side][2], "wrist"), (LEGS[side][1], "knee")):
            assert part in names[joint]


def test_a_standing_body_is_upright_faces_the_camera_and_is_not_mirrored() -> None:
    joints = act("raise the right arm", subject(style=0), style=0)[0]
    assert joints[3, 1] > joints[20, 1] > joints[0, 1] > joints[13, 1] > joints[14, 1] > 0
    # x to the body's right, z to its back: feet point to -z.
    assert joints[8, 0] > joints[4, 0]
    assert joints[16, 0] > joints[12, 0]
    assert joints[15, 2] < joints[14, 2]
    assert 1.5 < joints[3, 1] < 1.8


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_action_moves_the_parts_that_it_names(action: Action) -> None:
    for seed in range(3):
        who = subject(seed=seed, style=0.5)
        joints = perform(action, who, rng(seed, 1), rng(seed, 2), style=0.5)
        arms = [travel(joints, ARMS[side][WRIST]) for side in (LEFT, RIGHT)]
        legs = [travel(joints, LEGS[side][ANKLE]) for side in (LEFT, RIGHT)]
        for move in action.moves:
            _check_move(move, arms, legs, joints)


def _check_move(move: Move, arms: list[float], legs: list[float], joints: np.ndarray) -> None:
    height = np.ptp(joints[:, 0, 1])
    if move.part == "both arms":
        assert min(arms) > 0.25
    elif move.part.endswith("arm"):
        moved, other = (LEFT, RIGHT) if move.part == "left arm" else (RIGHT, LEFT)
        assert arms[moved] > 0.35
        assert arms[moved] > 1.5 * arms[other]
    elif move.part.endswith("leg"):
        moved, other = (LEFT, RIGHT) if move.part == "left leg" else (RIGHT, LEFT)
        assert legs[moved] > 0.3
        assert legs[moved] > 1.5 * legs[other]
    elif move.motion in ("squat", "sit", "jump"):
        assert height > 0.2
    elif move.motion == "walk":
        assert min(legs) > 0.1
    elif move.motion == "turn":
        across = joints[:, 8, [0, 2]] - joints[:, 4, [0, 2]]
        assert across[0] @ across[-1] < 0
    else:
        assert travel(joints, 3) > 0.25


def test_directions_are_what_the_names_say() -> None:
    who = subject(style=0)
    joints = {action.name: act(action.name, who, style=0) for action in ACTIONS}
    raised, kick = joints["raise the right arm"], joints["kick forward with the left leg"]
    assert (raised[:, 10, 1] - raised[:, 3, 1]).max() > 0.15
    assert (kick[:, 0, 2] - kick[:, 14, 2]).max() > 0.5
    sideways = joints["kick sideways with the right leg"]
    assert (sideways[:, 18, 0] - sideways[:, 0, 0]).max() > 0.5
    punch = joints["punch forward with both hands"]
    assert (punch[:, 20, 2] - punch[:, 6, 2]).max() > 0.4
    lean = joints["lean to the right"]
    assert (lean[:, 3, 0] - lean[:, 0, 0]).max() > 0.2
    sit = joints["sit down"]
    assert sit[-1, 0, 1] < sit[0, 0, 1] - 0.25
    assert sit[-1, 0, 2] > sit[0, 0, 2] + 0.2
    jump = joints["jump"]
    assert jump[:, [14, 18], 1].min(axis=1).max() > 0.2


@pytest.mark.parametrize("name", ["throw a ball", "drink from a cup"])
def test_left_handed_subjects_mirror_what_names_no_side(name: str) -> None:
    right, left = (act(name, subject(style=0, left_handed=hand), style=0) for hand in (False, True))
    twins = np.array(load_layout("kinect-v2").mirror)
    np.testing.assert_allclose(left, right[:, twins] * [-1, 1, 1], atol=1e-9)
    assert travel(right, 10) > 0.3 > travel(right, 6)


@pytest.mark.parametrize("name", ["wave the right hand", "kick forward with the left leg", "squat"])
def test_left_handed_subjects_keep_the_side_that_a_name_says(name: str) -> None:
    right, left = (act(name, subject(left_handed=hand)) for hand in (False, True))
    np.testing.assert_array_equal(left, right)


def test_feet_stay_on_the_floor_in_a_squat() -> None:
    joints = act("squat", subject(style=0), style=0)
    for foot in (14, 15, 18, 19):
        assert np.ptp(joints[:, foot], axis=0).max() < 0.03
    assert joints[:, :, 1].min() > 0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 2), st.floats(0.5, 2), st.integers(20, 200))
def test_a_clock_starts_at_zero_and_ends_after_whole_repetitions(
    seed: int, style: float, tempo: float, frames: int
) -> None:
    clock = draw_clock(rng(seed), (frames, frames), tempo, style)
    phase = clock.phase(0.8)
    assert len(phase) == frames
    assert phase[0] == 0
    assert phase[-1] == pytest.approx(round(phase[-1]))
    assert phase[-1] >= 1
    assert clock.engaged[0] == 0
    assert (np.diff(clock.progress) >= -1e-9).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.floats(0.1, 1), st.floats(0.1, 1))
def test_a_bent_limb_keeps_its_bones_and_reaches_what_it_can(target: list[float], upper: float, lower: float) -> None:
    start, goal = np.zeros((1, 3)), np.array([target])
    middle, end = bend(start, goal, (upper, lower), np.array([[0.3, -0.5, 0.8]]))
    distance = float(np.linalg.norm(goal))
    if distance > 1e-6:
        assert np.linalg.norm(middle) == pytest.approx(upper)
        assert np.linalg.norm(end - middle) == pytest.approx(lower, rel=1e-6)
        if abs(upper - lower) + 0.2 * lower < distance < 0.999 * (upper + lower):
            np.testing.assert_allclose(end, goal, atol=1e-9)


def test_rotations_turn_the_right_way() -> None:
    quarter = np.array([np.pi / 2])
    for axis in range(3):
        before, after = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
        np.testing.assert_allclose(rotate(about(axis, quarter), before)[0], after, atol=1e-12)
