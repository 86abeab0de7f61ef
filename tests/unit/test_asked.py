"""What a recogniser is asked: names that are one name, texts in place of lists, clips that hold nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.cli.names import names_of
from sadvae.cli.videos import read_recordings
from sadvae.errors import SadvaeError
from sadvae.recognition.asked import UnfitError, checked_descriptions, checked_names, say_alike, without_unfit
from sadvae.skeleton.bvh import stated_rate
from sadvae.skeleton.generated import generate_clip_set
from sadvae.types import FloatArray, SkeletonClip
from tests.conftest import make_clips
from tests.recognizers import WordVectors, recognizer
from tests.unit.format_files import bvh

CLIPS = list(make_clips(classes=1, subjects=2, repetitions=2).clips)
EMPTY = replace(CLIPS[0], joints=np.zeros_like(CLIPS[0].joints), clip_id="empty")


def generated() -> SkeletonClip:
    return generate_clip_set(actions=("squat",), subjects=1, repetitions=1, frames=(20, 21)).clips[0]


class Unknowing(WordVectors):
    """Reads what is no ASCII as if it were not there."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return super().encode([text.encode("ascii", "ignore").decode() for text in texts])


@pytest.mark.parametrize("twice", [("wave hand", "Wave  hand"), ("caf\u00e9 x", "cafe\u0301 x"), ("a\tb", "a b")])
def test_names_that_differ_in_blanks_case_or_the_writing_of_letters_are_one(twice: tuple[str, str]) -> None:
    with pytest.raises(SadvaeError, match="is given twice, as "):
        checked_names([*twice, "squat"])


def test_a_text_is_no_list_of_sentences() -> None:
    with pytest.raises(SadvaeError, match="descriptions of 'squat' are one text"):
        checked_descriptions(["wave", "squat"], [["One hand moves."], "The knees bend."])


def test_names_that_are_read_alike_are_said_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((300, 16)).astype(np.float32)
    names = [f"n{i}" for i in range(300)]
    said: list[str] = []
    say_alike(names, vectors, said.append)
    assert said == []
    vectors[211] = vectors[17] + np.float32(1e-7)
    say_alike(names, vectors, said.append)
    assert len(said) == 1
    assert "reads 'n17' and 'n211' alike" in said[0]
    say_alike(names[:1], vectors[:1], said.append)
    say_alike([], np.zeros((0, 0), np.float32), said.append)
    assert len(said) == 1


def test_a_recogniser_tells_of_names_it_reads_alike() -> None:
    said: list[str] = []
    model = replace(recognizer(), text_encoder=Unknowing())
    model.predict(CLIPS, ["\u8dd1", "sit", "\u8df3"], note=said.append)
    assert any("'\u8dd1' and '\u8df3' alike" in one for one in said)


def test_clips_without_a_body_are_named_and_the_others_are_asked_about() -> None:
    model = recognizer()

    def ask(clips: list[SkeletonClip]) -> list[str]:
        return [one.clip_id for one in model.predict(clips, ["swim", "sit"])]

    found, left_out = without_unfit([CLIPS[0], EMPTY, CLIPS[1]], ask)
    assert found == [CLIPS[0].clip_id, CLIPS[1].clip_id]
    assert list(left_out) == ["empty"]
    assert without_unfit(CLIPS, ask) == ([clip.clip_id for clip in CLIPS], {})
    with pytest.raises(UnfitError, match="'empty' cannot be recognised"):
        without_unfit([EMPTY], ask)
    with pytest.raises(UnfitError):
        model.predict([CLIPS[0], EMPTY], ["swim", "sit"])


def test_every_clip_must_have_the_layout_of_the_recogniser() -> None:
    other = generated()
    for clips in ([other, CLIPS[0]], [CLIPS[0], other]):
        with pytest.raises(SadvaeError, match=r"this recogniser knows .*map-layout"):
            recognizer().predict(clips, ["swim", "sit"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{folder}", "is a folder; give class names"),
        ("classes.tsv", "classes.tsv is not there; give class names"),
        ("names/list.lst", "list.lst is not there"),
        ("msr_action3d, squat", "'msr_action3d' is a data set, which is named alone"),
        ("{numbers}", "numbers.csv holds '0' among its names, which has no letter"),
    ],
)
def test_what_is_hardly_meant_as_a_class_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "numbers.csv").write_text("id,name\n0,squat\n1,wave\n")
    with pytest.raises(SadvaeError, match=said):
        names_of(text.format(folder=tmp_path, numbers=tmp_path / "numbers.csv"))


def test_names_with_dots_and_data_sets_in_other_spellings_are_taken() -> None:
    assert names_of('"classes.tsv"') == ["classes.tsv"]
    assert names_of("sit vs. stand, St. Vitus dance") == ["sit vs. stand", "St. Vitus dance"]
    assert names_of("NTU-60") == names_of("ntu60")


def test_frames_a_second_are_those_that_a_file_states(tmp_path: Path) -> None:
    path = tmp_path / "m.bvh"
    path.write_text(bvh(frames=4))
    text = path.read_bytes()
    assert stated_rate(path) == pytest.approx(120, rel=1e-2)
    assert [one.rate for one in read_recordings([path], all_bodies=False)] == [stated_rate(path)]
    for given in (b"Frame Time: 0", b"Frame Time: nan", b"Frame Time: 1e-9", b"Frame Time: -", b"Frame Time: ."):
        path.write_bytes(text.replace(b"Frame Time: 0.0083", given))
        assert path.read_bytes() != text
        assert stated_rate(path) is None


def test_a_layout_is_of_files_that_name_none(tmp_path: Path) -> None:
    clip = generated()
    path, other = tmp_path / "bare.npz", tmp_path / "m.bvh"
    np.savez(path, data=clip.joints[0], lengths=[len(clip.joints[0])])
    other.write_text(bvh(frames=4))
    found = read_recordings([path, other], all_bodies=False, layout="kinect-v2")
    assert [one.clip.layout.name for one in found] == ["kinect-v2", "mocap-29"]
    with pytest.raises(SadvaeError, match="not kinect-v2"):
        read_recordings([other], all_bodies=False, layout="kinect-v2")
