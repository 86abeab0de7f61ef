"""The JSON interface of the local page: it answers as the recogniser does, and refuses what it should."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
from starlette.testclient import TestClient

from sadvae.errors import SadvaeError
from sadvae.recognizer import Recognizer
from sadvae.recordings.timeline import timeline
from sadvae.report.motion import SCALE
from sadvae.serving.answering import Answering, load_answering
from sadvae.serving.app import new_app
from sadvae.serving.facts import Loaded
from sadvae.serving.limits import Limits
from sadvae.serving.server import host_names
from sadvae.serving.worker import Worker
from sadvae.skeleton.read import read_clips
from sadvae.types import ClipSet
from tests.served import CLASSES, save_recognizer, write_clips

PORT = 8000
HERE = f"http://127.0.0.1:{PORT}"
FILE = {"Content-Type": "application/octet-stream"}
LIMITS = Limits(upload_bytes=2**20, seconds=30, body_bytes=8192, clips=2, memory_bytes=2**29)
NAMES = ["squat", "jump up", "wave"]


@dataclass(frozen=True)
class Served:
    """The interface under test, where uploads go, and a file with its clips."""

    web: TestClient
    worker: Worker
    uploads: Path
    folders: tuple[Path, Path]
    file: Path
    clips: ClipSet

    def hand_in(self, content: bytes | None = None, name: str = "two.npz") -> Any:
        body = self.file.read_bytes() if content is None else content
        return self.web.post("/api/clips", params={"name": name}, content=body, headers=FILE)

    def key(self) -> str:
        return self.hand_in().json()["clips"][0]["key"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two recognisers, of which the second has another layout."""
    root = tmp_path_factory.mktemp("served")
    folders = (save_recognizer(root / "first"), save_recognizer(root / "second", "kinect-v1", 1))
    uploads = root / "uploads"
    uploads.mkdir()
    clips = write_clips(root / "two.npz")
    worker = Worker(partial(load_answering, folders, LIMITS), LIMITS.seconds, LIMITS.memory_bytes)
    worker.start()
    app = new_app(worker, LIMITS, uploads, host_names(PORT))
    with TestClient(app, base_url=HERE, raise_server_exceptions=False) as web:
        yield Served(web, worker, uploads, folders, root / "two.npz", clips)
    worker.close()


@pytest.fixture(autouse=True)
def _nothing_stays(served: Served) -> Iterator[None]:
    yield
    assert list(served.uploads.iterdir()) == []


def sentence(reply: Any) -> str:
    """The one sentence of an error."""
    assert list(reply.json()) == ["error"]
    return reply.json()["error"]


def ranked(answers: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [(a["name"], pytest.approx(a["probability"], abs=1e-5)) for a in answers]


# What it answers


def test_it_says_what_it_offers(served: Served) -> None:
    about = served.web.get("/api/about").json()
    assert [(r["name"], r["layout"], r["joints"]) for r in about["recognizers"]] == [
        ("first", "kinect-v2", 25),
        ("second", "kinect-v1", 20),
    ]
    assert about["recognizers"][0]["trained"] == list(CLASSES[:3])
    assert about["recognizers"][0]["unseen"] == list(CLASSES[3:])
    assert (about["max_upload_bytes"], about["time_limit_seconds"]) == (2**20, 30)


@pytest.mark.parametrize("mode", ["zsl", "gzsl"])
def test_answers_are_those_of_the_recogniser(served: Served, mode: Any) -> None:
    (wanted,) = Recognizer.load(served.folders[0]).predict(served.clips.clips[0], NAMES, mode=mode)
    question = {"clip": served.key(), "classes": NAMES, "mode": mode}
    first, second = served.web.post("/api/answers", json=question).json()["answers"]
    assert ranked(first["answers"]) == [(a.name, a.probability) for a in wanted.answers]
    assert first["error"] is None
    assert "layout 'kinect-v2' (25 joints)" in second["error"]
    assert "--map-layout" not in second["error"]


def test_a_clip_of_another_layout_is_mapped_when_asked(served: Served) -> None:
    found = served.hand_in().json()["clips"][0]
    same, other = found["mappings"]
    assert (same["needed"], other["needed"], other["possible"]) == (False, True, True)
    recognizer = Recognizer.load(served.folders[1])
    (wanted,) = recognizer.predict(served.clips.clips[0], NAMES, map_layout=True)
    question = {"clip": found["key"], "classes": NAMES, "map_layout": True}
    _, second = served.web.post("/api/answers", json=question).json()["answers"]
    assert ranked(second["answers"]) == [(a.name, a.probability) for a in wanted.answers]
    assert second["notes"] == [other["sentence"]]


def test_the_timeline_is_that_of_the_recogniser(served: Served) -> None:
    clip = served.clips.clips[0]
    wanted = timeline(Recognizer.load(served.folders[0]), clip, NAMES, window=1.0, step=0.125, fps=20.0)
    question = {"clip": served.key(), "classes": NAMES, "window": 1.0, "frames_a_second": 20.0}
    found, other = served.web.post("/api/timeline", json=question).json()["timelines"]
    assert found["edges"] == wanted.edges.tolist()
    np.testing.assert_allclose(found["scores"], 100 * wanted.scores.T, atol=0.06)
    assert [(s["start"], s["end"], s["name"]) for s in found["stretches"]] == [
        (s.start, s.end, s.name) for s in wanted.segments
    ]
    assert other["error"]


def test_a_clip_is_drawn_with_all_its_bones(served: Served) -> None:
    clip = served.clips.clips[0]
    motion = served.web.get(f"/api/clips/{served.key()}").json()
    frames = np.array(motion["frames"]).reshape(clip.joints.shape[1], 25, 3)
    lost = ~np.any(clip.joints[0], axis=2)
    assert np.array_equal(np.all(frames == -32768, axis=2), lost)
    assert [tuple(bone) for bone in motion["bones"]] == list(clip.layout.bones)
    # Lengths between joints keep their proportions: the clip is turned, moved and scaled, and nothing else.
    inside = ~lost.any(axis=1) & (np.abs(frames).max(axis=(1, 2)) < 2 * SCALE)
    parent, child = np.array(clip.layout.bones).T
    drawn = np.linalg.norm(frames[inside][:, parent] - frames[inside][:, child], axis=2)
    real = np.linalg.norm(clip.joints[0][inside][:, parent] - clip.joints[0][inside][:, child], axis=2)
    np.testing.assert_allclose(drawn / drawn.mean(), real / real.mean(), atol=0.02)


def test_samples_are_clips_like_any_other(served: Served) -> None:
    for sample in served.web.get("/api/about").json()["samples"]:
        found = served.web.post(f"/api/samples/{sample['key']}").json()
        question = {"clip": found["clips"][0]["key"], "classes": found["words"]}
        first = served.web.post("/api/answers", json=question).json()["answers"][0]
        assert sorted(a["name"] for a in first["answers"]) == sorted(found["words"])
    assert "there is no sample" in sentence(served.web.post("/api/samples/other"))


def test_clips_beyond_the_most_are_counted_and_clips_can_be_forgotten(served: Served, tmp_path: Path) -> None:
    write_clips(tmp_path / "three.npz", ("squat", "clap the hands", "jump"))
    found = served.hand_in((tmp_path / "three.npz").read_bytes(), "three.npz").json()
    assert (len(found["clips"]), found["left_out"]) == (2, 1)
    address = f"/api/clips/{found['clips'][0]['key']}"
    assert served.web.delete(address).json() == {"clips": 1}
    assert served.web.delete(address).json() == {"clips": 0}
    gone = served.web.get(address)
    assert (gone.status_code, "no longer held" in sentence(gone)) == (410, True)


def test_clips_of_one_file_that_are_not_held_together_are_counted_too(served: Served, tmp_path: Path) -> None:
    write_clips(tmp_path / "three.npz", ("squat", "clap the hands", "jump"))
    sizes = [clip.joints.nbytes for clip in read_clips(tmp_path / "three.npz")]
    loaded = [Loaded("first", Recognizer.load(served.folders[0]))]
    for room, kept in ((sum(sizes), 3), (sum(sizes) - 1, 2), (sizes[0], 1)):
        answering = Answering(loaded, replace(LIMITS, clips=100, held_bytes=room))
        found = answering.read(str(tmp_path / "three.npz"), "three.npz", None)
        assert (len(found.clips), found.left_out) == (kept, 3 - kept)
        assert all(answering.motion(clip.key).frames for clip in found.clips)
    with pytest.raises(SadvaeError, match=r"takes \d+ bytes in memory; at most 100 are held"):
        Answering(loaded, replace(LIMITS, held_bytes=100)).read(str(tmp_path / "three.npz"), "three.npz", None)


# What it refuses


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("walk.npz", b"PK\3\4 half a file", "walk.npz"),
        ("S001C001P001R001A001.skeleton", b"not a number\n", "S001C001P001R001A001.skeleton"),
        ("notes.docx", b"hello", "notes.docx is not a skeleton file by its name"),
        ("walk", b"hello", "walk is not a skeleton file by its name"),
        ("evil.pkl", b"cos\nsystem\n(S'touch /tmp/taken'\ntR.", "evil.pkl"),
        ("film.mp4", b"\0\0\0 ftyp", "film.mp4"),
        ("../../../etc/passwd", b"root", "passwd is not a skeleton file by its name"),
        ("empty.npz", b"", "empty.npz"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence_that_names_it(
    served: Served, name: str, content: bytes, words: str
) -> None:
    reply = served.hand_in(content, name)
    said = sentence(reply)
    assert reply.status_code == 422
    assert words in said
    assert "\n" not in said
    assert str(served.uploads) not in said
    assert not re.search(r"[0-9a-f]{32}", said)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_small_file_that_would_fill_the_memory_is_refused(served: Served, tmp_path: Path) -> None:
    """720 MB, nearly all zeros, packed in a clips file of 11 MB, where 512 MB may be taken."""
    noise, zeros = np.random.default_rng(0).bytes(4_000_000), bytes(4_000_000)
    about = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2400000, 25, 3), }".ljust(117) + "\n"
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("joints.npy", "w", force_zip64=True) as member,
    ):
        member.write(b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + about.encode())
        for number in range(180):
            member.write(noise if number < 2 else zeros)
    limits = Limits(upload_bytes=16 * 2**20, seconds=30)
    web = TestClient(new_app(served.worker, limits, served.uploads, host_names(PORT)), base_url=HERE)
    reply = web.post("/api/clips", params={"name": "bomb.npz"}, content=path.read_bytes(), headers=FILE)
    assert (reply.status_code, "more memory" in sentence(reply)) == (413, True)
    assert served.hand_in().status_code == 200


def test_files_that_are_too_large_are_stopped_whether_they_say_so_or_not(served: Served) -> None:
    declared = served.hand_in(b"x" * (2**20 + 1))
    assert (declared.status_code, "larger than 1 MB" in sentence(declared)) == (413, True)

    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 2**16
            yield b"x" * 2**16

    counted = served.web.post("/api/clips", params={"name": "a.npz"}, content=pieces(), headers=FILE)
    assert (counted.status_code, "larger than 1 MB" in sentence(counted)) == (413, True)


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
)
def test_forms_of_other_sites_can_neither_upload_nor_ask(served: Served, kind: str) -> None:
    """These are the types that a page may send anywhere without being asked first."""
    upload = served.web.post("/api/clips?name=a.npz", content=b"x", headers={"Content-Type": kind})
    assert (upload.status_code, "application/octet-stream" in sentence(upload)) == (415, True)
    question = json.dumps({"clip": "0" * 32, "classes": ["a"]}).encode()
    assert served.web.post("/api/answers", content=question, headers={"Content-Type": kind}).status_code == 422


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1:9000", "127.0.0.1", "[::1]:8000", ""])
def test_only_its_own_names_are_answered(served: Served, host: str) -> None:
    """Against DNS rebinding: another site's name that points here stays another site's."""
    for address in ("/", "/api/about", "/openapi.json", "/parts/page.js"):
        reply = served.web.get(address, headers={"Host": host})
        assert reply.status_code == 421
    assert served.web.get("/", headers={"Host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_no_other_site_can_post(served: Served, headers: dict[str, str]) -> None:
    for reply in (
        served.web.post("/api/samples/squat", headers=headers),
        served.web.post("/api/clips?name=a.npz", content=b"x", headers=FILE | headers),
        served.web.delete(f"/api/clips/{'0' * 32}", headers=headers),
    ):
        assert (reply.status_code, "another site" in sentence(reply)) == (403, True)
    own = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
    assert served.web.post("/api/samples/squat", headers=own).status_code == 200


def test_other_sites_may_link_to_the_page_but_not_read_or_ask_first(served: Served) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert served.web.get("/", headers=link).status_code == 200
    assert (
        served.web.get("/api/about", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status_code
        == 403
    )
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for reply in (served.web.options("/api/clips", headers=asks), served.web.get("/api/about")):
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    [
        "/parts/../app.py",
        "/parts/%2e%2e%2fapp.py",
        "/parts/..%2f..%2fpyproject.toml",
        "/parts//etc/passwd",
        "/etc/passwd",
        "/parts/page.html",
    ],
)
def test_no_address_leads_to_files(served: Served, path: str) -> None:
    reply = served.web.get(path)
    assert (reply.status_code, sentence(reply)) == (404, "there is nothing at this address.")


def test_a_layout_is_a_built_in_name_and_never_a_path(served: Served, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text("{}")
    for layout in (str(tmp_path / "own.json")[:40], "../own.json", "kinect-v9"):
        reply = served.web.post("/api/clips", params={"name": "a.npz", "layout": layout}, content=b"x", headers=FILE)
        assert (reply.status_code, "unknown layout" in sentence(reply)) == (422, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"classes": []}, "classes"),
        ({"classes": ["a"] * 201}, "classes"),
        ({"classes": ["x" * 201]}, "classes.0"),
        ({"classes": ["  "]}, "classes.0"),
        ({"classes": "walk"}, "classes"),
        ({"mode": "best"}, "mode"),
        ({"clip": "../../etc"}, "clip"),
        ({"extra": 1}, "extra"),
    ],
)
def test_questions_are_checked(served: Served, change: dict[str, Any], field: str) -> None:
    reply = served.web.post("/api/answers", json={"clip": "0" * 32, "classes": ["a"], **change})
    assert reply.status_code == 422
    assert sentence(reply).startswith(f"{field}: ")


def test_names_given_twice_are_the_recognisers_own_sentence(served: Served) -> None:
    reply = served.web.post("/api/answers", json={"clip": served.key(), "classes": ["a", "a"]})
    assert (reply.status_code, sentence(reply)) == (422, "class name 'a' is given twice; give each name once.")


def test_requests_other_than_files_are_small_and_say_their_length(served: Served) -> None:
    large = served.web.post("/api/answers", json={"clip": "0" * 32, "classes": ["x" * 200] * 100})
    assert (large.status_code, "at most 8192 bytes" in sentence(large)) == (413, True)
    unsaid = served.web.post("/api/answers", content=iter([b"{}"]), headers={"Content-Type": "application/json"})
    assert (unsaid.status_code, "Content-Length" in sentence(unsaid)) == (411, True)


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "gzip, chunked", ""])
def test_a_length_counts_nothing_beside_a_transfer_coding(served: Served, coding: str) -> None:
    """HTTP reads such a request in pieces and ignores the length that it says."""
    both = {"Content-Length": "2", "Transfer-Encoding": coding}
    kind = {"Content-Type": "application/json"}
    for address in ("/api/answers", "/api/timeline", "/api/samples/squat"):
        reply = served.web.post(address, content=b"{}", headers=kind | both)
        assert (reply.status_code, "Content-Length alone" in sentence(reply)) == (411, True)
    large = served.web.post("/api/clips", params={"name": "a.npz"}, content=b"x" * (2**20 + 1), headers=FILE | both)
    assert (large.status_code, "larger than 1 MB" in sentence(large)) == (413, True)


def test_every_answer_keeps_browsers_to_this_server(served: Served) -> None:
    for address in ("/", "/docs", "/parts/page.js", "/parts/plotly.js", "/api/about", "/nothing", "/openapi.json"):
        headers = served.web.get(address).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["script-src"], policy["frame-ancestors"]) == (
            "'none'",
            "'self'",
            "'none'",
        )
        assert policy["connect-src"] == "'self'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_description_names_every_address_and_loads_nothing(served: Served) -> None:
    api = served.web.get("/openapi.json").json()
    assert set(api["paths"]) == {
        "/api/about",
        "/api/samples/{key}",
        "/api/clips",
        "/api/clips/{clip}",
        "/api/answers",
        "/api/timeline",
    }
    assert "application/octet-stream" in api["paths"]["/api/clips"]["post"]["requestBody"]["content"]
    for address in ("/", "/docs", "/parts/docs.js", "/parts/page.js", "/parts/page.css", "/parts/base.css"):
        assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?(https?:)?//", served.web.get(address).text)
