"""A film on the local page, in a real browser and with MediaPipe: handed in, mapped, answered, moving, and gone."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
if find_spec("mediapipe") is None:
    pytest.skip("needs mediapipe: make test-video", allow_module_level=True)

from sadvae.skeleton.generated import generate_clip_set
from sadvae.skeleton.generated.picture import draw_clip
from sadvae.video.write import write_video
from tests.behaviour.chromium import new_page, until
from tests.behaviour.test_serve_page import answers, hand_in, serving, settled, type_words
from tests.served import save_recognizer

NAMES = ["wave the right hand", "squat", "bow"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "my film.mp4"
    calm = {"noise": 0, "dropped": 0, "view_degrees": 15, "frames": (120, 120)}
    clip = generate_clip_set(actions=("wave the right hand",), subjects=1, repetitions=1, **calm).clips[0]
    write_video(path, draw_clip(clip.joints[0]))
    return path


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory, uploads: Path) -> Iterator[Page]:
    folder = save_recognizer(tmp_path_factory.mktemp("serve") / "recognizer")
    with serving(folder, temporary=uploads) as address, new_page(chromium) as found:
        found.page.goto(address)
        until(found.page, "document.querySelectorAll('#samples button').length > 0")
        yield found.page


def test_a_film_is_answered_moves_and_leaves_no_file(page: Page, film: Path, uploads: Path) -> None:
    hand_in(page, film)
    until(page, "document.getElementById('clip-name').textContent === 'my film'")
    until(page, "document.getElementById('mapping').hidden === false")
    page.evaluate("document.getElementById('map').checked || document.getElementById('map').click()")
    type_words(page, ", ".join(NAMES))
    assert sorted(answers(page)[0]) == sorted(NAMES)
    said = page.evaluate("document.body.innerText")
    assert "mediapipe-33" in said
    assert "Poses estimated from video differ from recorded ones" in said
    state = "document.getElementById('body').toDataURL()"
    assert page.evaluate(state) != page.evaluate(f"new Promise(done => setTimeout(() => done({state}), 400))")
    # Four seconds are long enough for a strip of what happens when.
    until(page, "document.querySelectorAll('#strips .track').length > 0 && !document.querySelector('#strips.old')")
    assert set(page.evaluate("[...document.querySelectorAll('#strips button')].map(b => b.textContent)")) <= set(NAMES)
    assert [path for path in uploads.rglob("*") if path.suffix == ".mp4"] == []


def test_what_is_not_a_film_is_one_sentence(page: Page, tmp_path: Path) -> None:
    (tmp_path / "noise.mp4").write_bytes(b"\0\0\0 ftyp" + bytes(4000))
    hand_in(page, tmp_path / "noise.mp4")
    until(page, "document.body.innerText.includes('noise.mp4 cannot be read as a video')")
    settled(page)
