"""Descriptions from a server that speaks the chat protocol, and from templates; what is written is read again."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sadvae.cli.names import names_of
from sadvae.cli.predict import _sentences
from sadvae.cli.show import split_names
from sadvae.errors import SadvaeError
from sadvae.text.chat import Chat
from sadvae.text.class_lists import class_texts, known_descriptions, read_class_texts
from sadvae.text.describe import describe, from_templates, read_descriptions, sentences_of
from sadvae.text.embed import read_class_embeddings
from sadvae.text.endpoint import Endpoint, endpoint_from
from sadvae.text.lexicon import movement_sentences
from tests.cli.conftest import CommandLine
from tests.cli.test_chain import clip_file

SENTENCES = ["One hand rises and swings from side to side.", "The forearm turns left and right above the shoulder."]


class Server:
    """A chat server in a thread. replies: (status, headers, content) in order; the last one is given again."""

    def __init__(self) -> None:
        self.replies: list[tuple[int, dict[str, str], str]] = [(200, {}, json.dumps(SENTENCES))]
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
                status, headers, content = outer.replies.pop(0) if len(outer.replies) > 1 else outer.replies[0]
                data = json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    made = Server()
    yield made
    made.close()


def chat(server: Server, waits: list[float] | None = None, **changes: Any) -> Chat:
    waits = [] if waits is None else waits
    return Chat(Endpoint(server.url, "small", "secret"), sleep=waits.append, **changes)


def test_a_model_is_asked_and_everything_is_recorded(
    server: Server, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SADVAE_LLM_URL", server.url)
    monkeypatch.setenv("SADVAE_LLM_MODEL", "small")
    monkeypatch.setenv("SADVAE_LLM_KEY", "secret")
    out = tmp_path / "d.json"
    done = sadvae("describe", "wave, fly a kite", "--out", out, "--count", 2)
    assert done.code == 0, done.err
    assert "4 descriptions of 2 classes" in done.out
    assert [(a["path"], a["key"], a["model"]) for a in server.asked] == [
        ("/v1/chat/completions", "Bearer secret", "small")
    ] * 2
    assert '"fly a kite"' in server.asked[1]["messages"][0]["content"]
    written = json.loads(out.read_text())
    assert written["classes"] == [{"name": n, "descriptions": SENTENCES} for n in ("wave", "fly a kite")]
    assert (written["made"]["url"], written["made"]["model"]) == (server.url, "small")
    assert written["made"]["answers"][1]["prompt"] == server.asked[1]["messages"][0]["content"]
    assert written["made"]["answers"][1]["answer"] == json.dumps(SENTENCES)
    assert "secret" not in out.read_text() + done.out + done.err
    # A second time nothing is asked, since answers are kept.
    assert sadvae("describe", "wave, fly a kite", "--out", out, "--count", 2).code == 0
    assert len(server.asked) == 2


def test_what_is_written_is_read_by_embed_and_predict(tmp_path: Path, sadvae: CommandLine) -> None:
    out = tmp_path / "d.json"
    done = sadvae("describe", "fly a kite, squat, zorb", "--templates", "--out", out)
    assert done.code == 0, done.err
    texts = read_class_texts(out)
    assert texts.names == ("fly a kite", "squat", "zorb")
    assert texts.descriptions[1] == known_descriptions("squat")
    assert texts.descriptions[0] == movement_sentences("fly a kite")
    assert all("zorb" in sentence for sentence in texts.descriptions[2])
    assert read_descriptions(out) == texts
    embedded = sadvae("embed", out, "--out", tmp_path / "e.npz")
    assert embedded.code == 0, embedded.err
    assert read_class_embeddings(tmp_path / "e.npz").ids == (0, 1, 2)


def test_predict_reads_all_forms_of_descriptions(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text(json.dumps({"wave": SENTENCES}))
    (tmp_path / "list.json").write_text(json.dumps([{"name": "wave", "descriptions": SENTENCES}]))
    plain, listed = (read_descriptions(tmp_path / name) for name in ("plain.json", "list.json"))
    assert (plain.names, plain.descriptions) == (listed.names, listed.descriptions) == (("wave",), (tuple(SENTENCES),))
    (tmp_path / "bad.json").write_text(json.dumps({"wave": "One hand."}))
    with pytest.raises(SadvaeError, match="is not a JSON object of lists of sentences"):
        read_descriptions(tmp_path / "bad.json")


def test_a_busy_server_is_asked_again_after_longer_and_longer_waits(server: Server) -> None:
    waits: list[float] = []
    server.replies = [(429, {}, ""), (503, {}, ""), (500, {"Retry-After": "7"}, ""), (200, {}, "one\ntwo")]
    assert chat(server, waits).ask("?") == "one\ntwo"
    assert waits == [1.0, 2.0, 7.0]


def test_a_server_that_stays_busy_is_given_up(server: Server) -> None:
    waits: list[float] = []
    server.replies = [(503, {}, "")]
    with pytest.raises(SadvaeError, match=r"did not answer in 3 tries \(HTTP 503"):
        chat(server, waits, tries=3).ask("?")
    assert len(server.asked) == 3
    assert len(waits) == 2


@pytest.mark.parametrize("status", [401, 404, 302])
def test_a_refusal_is_not_repeated_and_a_redirection_not_followed(server: Server, status: int) -> None:
    server.replies = [(status, {"Location": f"{server.url}/elsewhere"}, "")]
    with pytest.raises(SadvaeError, match=f"refused \\(HTTP {status}"):
        chat(server).ask("?")
    assert len(server.asked) == 1


def test_a_silent_server_is_given_up() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        with pytest.raises(SadvaeError, match="did not answer in 2 tries"):
            Chat(Endpoint(url, "m"), timeout=0.1, tries=2, sleep=lambda _: None).ask("?")


def test_a_damaged_cache_is_asked_anew(server: Server, tmp_path: Path) -> None:
    one = chat(server, cache=tmp_path)
    one.ask("?")
    (kept,) = tmp_path.iterdir()
    kept.write_text("{")
    assert one.ask("?") == one.ask("?") == json.dumps(SENTENCES)
    assert len(server.asked) == 2


def test_what_is_no_completion_is_refused(server: Server) -> None:
    server.replies = [(200, {}, "  ")]
    with pytest.raises(SadvaeError, match="not a chat completion"):
        chat(server).ask("?")
    server.replies = [(200, {}, "[]")]
    with pytest.raises(SadvaeError, match="holds no description"):
        describe(["wave"], chat(server))


def test_sentences_are_found_in_lists_and_in_lines() -> None:
    assert sentences_of('Sure:\n```json\n["A b.", "C d.", 3]\n```') == ("A b.", "C d.")
    assert sentences_of('Here are two:\n1. A  b.\n2) "C d."\n- A b.\n\n') == ("A b.", "C d.")
    assert sentences_of("x" * 401) == ()


def test_templates_name_the_class_that_neither_a_built_in_list_nor_the_lexicon_knows() -> None:
    assert from_templates("zorb").source == "templates"
    assert len(from_templates("zorb").descriptions) >= 3
    assert from_templates("fly a kite").source == "lexicon"
    assert from_templates("SQUAT").descriptions == known_descriptions("squat")


def test_the_environment_is_checked() -> None:
    assert endpoint_from({}) is None
    assert endpoint_from({"SADVAE_LLM_URL": "http://a/v1/chat/completions", "SADVAE_LLM_MODEL": "m"}) == Endpoint(
        "http://a/v1", "m"
    )
    with pytest.raises(SadvaeError, match="SADVAE_LLM_MODEL is not"):
        endpoint_from({"SADVAE_LLM_URL": "http://a"})
    with pytest.raises(SadvaeError, match="begins with http"):
        endpoint_from({"SADVAE_LLM_URL": "file:///etc/passwd", "SADVAE_LLM_MODEL": "m"})
    assert "secret" not in repr(Endpoint("http://user:secret@a/v1", "m", "secret"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://localhost:abc/v1", "no host and port"),
        ("http://localhost:99999/v1", "no host and port"),
        ("http://[::1/v1", "no host and port"),
        ("http:///v1", "no host and port"),
        ("http://a..b/v1", "no host and port"),
        (f"http://{'a' * 64}/v1", "no host and port"),
        ("http://local host/v1", "a space or a letter"),
        ("http://a/v\u00e4", "a space or a letter"),
        ("http://a/v\n1", "a space or a letter"),
        ("http://user:hidden@a/v1", "a user name"),
        ("user:hidden@a/v1", "begins with http"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(url: str, said: str) -> None:
    with pytest.raises(SadvaeError, match=f"SADVAE_LLM_URL .*{said}") as caught:
        endpoint_from({"SADVAE_LLM_URL": url, "SADVAE_LLM_MODEL": "m"})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("key", ["hidden\nkey", "hidden\u2192", "hidd\u00e4n", "hidden\x00key"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_printed(
    sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    with pytest.raises(SadvaeError, match="SADVAE_LLM_KEY holds a line break or") as caught:
        endpoint_from({"SADVAE_LLM_URL": "http://a/v1", "SADVAE_LLM_MODEL": "m", "SADVAE_LLM_KEY": key})
    assert "hidd" not in str(caught.value)
    if "\x00" in key:
        return
    for name, value in {"URL": "http://127.0.0.1:9/v1", "MODEL": "m", "KEY": key}.items():
        monkeypatch.setenv(f"SADVAE_LLM_{name}", value)
    done = sadvae("describe", "wave", "--out", tmp_path / "d.json")
    assert done.code == 2
    assert "hidd" not in done.out + done.err


def test_an_address_keeps_its_form_in_files() -> None:
    found = endpoint_from({"SADVAE_LLM_URL": "http://[::1]:8080/v1/", "SADVAE_LLM_MODEL": "m", "SADVAE_LLM_KEY": "k\n"})
    assert found == Endpoint("http://[::1]:8080/v1", "m", "k")
    assert found is not None
    assert found.public_url == "http://[::1]:8080/v1"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "does not answer in HTTP .*; check SADVAE_LLM_URL"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", "does not answer in HTTP .*; check SADVAE_LLM_URL"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{", "did not answer in 1 tries .IncompleteRead"),
    ],
)
def test_what_is_no_http_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, answer: bytes, said: str) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            heard = b""
            with listening.accept()[0] as connection:
                # A question comes in pieces; one that is left unread would reset the connection.
                while not heard.endswith(b'"temperature": 0}'):
                    heard += connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        with pytest.raises(SadvaeError, match=said):
            Chat(Endpoint(url, "m"), timeout=5, tries=1).ask("?")
        thread.join()


def test_names_are_checked(sadvae: CommandLine, tmp_path: Path) -> None:
    done = sadvae("describe", "wave, wave", "--out", tmp_path / "d.json")
    assert done.code == 2
    assert "'wave' is given twice" in done.err
    assert sadvae("describe", " , ", "--out", tmp_path / "d.json").code == 2
    assert sadvae("describe", "squat\nwave", "--templates", "--out", tmp_path / "d.json").code == 0
    assert read_descriptions(tmp_path / "d.json").names == ("squat", "wave")
    done = sadvae("describe", "x" * 131073, "--templates", "--out", tmp_path / "d.json")
    assert done.code == 2
    assert "class names cannot be read" in done.err


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("squat, wave", ["squat", "wave"]),
        ("squat\nwave", ["squat", "wave"]),
        ("squat\r\nwave, \r\n\r\nfall down\r\n", ["squat", "wave", "fall down"]),
        ('"sit, then stand"\nwave', ["sit, then stand", "wave"]),
        ('"up; down"', ["up; down"]),
        ('"up; down", squat', ["up; down", "squat"]),
        ("\n", []),
        ("", []),
    ],
)
def test_names_are_parted_by_commas_and_line_ends(text: str, names: list[str]) -> None:
    assert split_names(text) == names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('wave, "sit, then stand', "a double quote in the class names is not closed"),
        ('"squat\nwave, jump', "a double quote in the class names is not closed"),
        (
            "wave the left hand; squat; kick",
            "'wave the left hand; squat; kick' would be one class name",
        ),
        ("squat; wave; kick, jump", "'squat; wave; kick' would be one class name"),
        ("0\tsquat\n1\twave", "would be one class name; .* not with semicolons or tabs"),
    ],
)
def test_slips_in_lists_of_names_are_refused(text: str, said: str) -> None:
    with pytest.raises(SadvaeError, match=said):
        split_names(text)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("names.txt", '\ufeffsquat\r\n"sit, then stand"\n'),
        ("names.csv", 'squat,"sit, then stand"\n'),
        ("names.json", '["squat", "sit, then stand"]'),
        ("names", 'squat\n"sit, then stand"'),
    ],
)
def test_a_file_of_names_is_read(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert names_of(str(tmp_path / name)) == ["squat", "sit, then stand"]


def test_files_of_names_that_are_missing_or_empty_are_refused(tmp_path: Path) -> None:
    for ending in (".txt", ".csv", ".json"):
        with pytest.raises(SadvaeError, match=f"names{ending} does not exist"):
            names_of(str(tmp_path / f"names{ending}"))
    (tmp_path / "none.txt").write_text(" \n")
    with pytest.raises(SadvaeError, match=r"none\.txt holds no class name; write one a line"):
        names_of(str(tmp_path / "none.txt"))
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SadvaeError, match=r"bytes\.txt is not UTF-8 text"):
        names_of(str(tmp_path / "bytes.txt"))
    assert names_of("walk to the file names.txt, squat") == ["walk to the file names.txt", "squat"]


def test_names_of_a_data_set_and_names_in_two_cases() -> None:
    assert names_of("UTD-MHAD") == names_of("utd_mhad") == list(class_texts("utd_mhad").names)
    with pytest.raises(SadvaeError, match="class name 'Wave' is given twice, as 'wave' before; give each name once"):
        names_of("wave, squat, Wave")


def test_every_verb_that_takes_names_reads_files_of_them(
    run_folder: Path, tmp_path: Path, sadvae: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("fly a kite\nsquat\n")
    assert "of 2 classes" in sadvae("describe", "names.txt", "--templates").out
    assert "Wrote e.npz: 2 classes" in sadvae("embed", "names.txt", "--out", "e.npz").out
    assert "Wrote e.npz: 27 classes" in sadvae("embed", "UTD_MHAD", "--out", "e.npz").out
    asked = ("predict", run_folder / "seed-0" / "recognizer", clip_file(tmp_path), "--classes")
    for more in ((), ("--timeline", "--none-of-these", 0)):
        found = sadvae(*asked, "names.txt", *more)
        assert found.code == 0, found.err
        assert "names.txt" not in found.out
    for verb in (("describe",), ("embed",), asked):
        missing = sadvae(*verb, "nanes.txt")
        assert missing.code == 2
        assert "nanes.txt does not exist" in missing.err


def test_one_file_of_descriptions_serves_questions_about_some_of_its_names(tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    path.write_text(json.dumps({"wave": SENTENCES, "fly a kite": SENTENCES[:1]}))
    assert _sentences(path, ["fly a kite"]) == [SENTENCES[:1]]
    assert _sentences(path, ["wave", "squat", "fly a kite"]) == [SENTENCES, [], SENTENCES[:1]]
    with pytest.raises(SadvaeError, match="describes 'wave', which is not among the classes, and not 'wve', which is"):
        _sentences(path, ["wve", "fly a kite"])
