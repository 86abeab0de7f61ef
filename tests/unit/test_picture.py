"""The picture of a run: a PNG of known width with the true names and answers on it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from matplotlib.text import Text

from sadvae.errors import SadvaeError
from sadvae.report.figure import picture, write_picture
from sadvae.report.scene import ReportScene
from tests.report_samples import make_record, make_scene


def texts(names: list[str]) -> list[str]:
    figure = picture(make_record(), make_scene(names).clips)
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)]


def test_the_picture_is_a_png_that_repeats(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        write_picture(tmp_path / name, make_record(), make_scene())
    written = (tmp_path / "a.png").read_bytes()
    assert written.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", written[16:24])
    assert width == 1800
    assert 600 < height < width
    assert written == (tmp_path / "b.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_the_picture_names_truth_answers_and_scores() -> None:
    found = texts(["walk", "sit", "wave", "kick", "jump high", "bow"])
    assert {"kick", "jump high", "✓ right", "✗ wrong", "kick ◂ true", "jump high ◂ true", "60 %"} <= set(found)
    assert any("73.1 %" in text and "chance 50.0 %" in text for text in found)


def test_names_are_not_read_as_formulas(tmp_path: Path) -> None:
    names = ["a", "b", "c", r"$\frac{$", "x" * 200, "d"]
    assert r"$\frac{$" in texts(names)
    write_picture(tmp_path / "p.png", make_record(), make_scene(names))


def test_a_scene_without_clips_has_no_picture(tmp_path: Path) -> None:
    scene = make_scene()
    bare = ReportScene(scene.semantic, scene.style, scene.labels, scene.is_seen, ())
    with pytest.raises(SadvaeError, match="no unseen clip"):
        write_picture(tmp_path / "p.png", make_record(), bare)
