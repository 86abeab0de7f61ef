"""The working process of the local page: it answers, is ended when it takes too long, and is there again."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sadvae.errors import SadvaeError
from sadvae.serving.worker import Worker
from tests.worker_jobs import load_job, load_nothing

MEGABYTES = 2**20


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(load_job, seconds=3.0, memory_bytes=512 * MEGABYTES)
    made.start()
    yield made
    made.close()


def ask(worker: Worker, verb: str, **arguments: Any) -> tuple[int, Any]:
    reply = worker.ask(verb, **arguments)
    return reply.status, json.loads(reply.body)


def process(worker: Worker) -> int:
    status, found = ask(worker, "say")
    assert status == 200
    return found["process"]


def is_there(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_answers_come_from_another_process_and_keep_their_letters(worker: Worker) -> None:
    status, found = ask(worker, "say", word="größer, 走")
    assert (status, found["word"]) == (200, "größer, 走")
    assert found["process"] != os.getpid()


@pytest.mark.parametrize(
    ("verb", "status", "sentence"),
    [
        ("refuse", 422, "this is no clip."),
        ("miss", 410, "it is gone."),
        ("fail", 500, "this could not be worked out (ZeroDivisionError); try another file."),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_the_process_stays(
    worker: Worker, verb: str, status: int, sentence: str
) -> None:
    before = process(worker)
    assert ask(worker, verb) == (status, {"error": sentence})
    assert process(worker) == before


def test_what_takes_too_long_is_ended_and_a_new_process_answers(worker: Worker) -> None:
    before, start = process(worker), time.monotonic()
    status, found = ask(worker, "sleep", seconds=60)
    assert (status, time.monotonic() - start < 30) == (504, True)
    assert "took longer than 3 seconds" in found["error"]
    assert not is_there(before)
    assert process(worker) != before


def test_a_process_that_ends_is_replaced(worker: Worker) -> None:
    before = process(worker)
    status, found = ask(worker, "end")
    assert (status, "ended" in found["error"]) == (500, True)
    assert process(worker) != before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
@pytest.mark.parametrize("verb", ["take", "take tensors"])
def test_memory_beyond_the_bound_is_refused_and_the_process_stays(worker: Worker, verb: str) -> None:
    before = process(worker)
    status, found = ask(worker, verb, megabytes=2048)
    assert (status, "more memory" in found["error"]) == (413, True)
    assert ask(worker, verb, megabytes=16)[0] == 200
    assert process(worker) == before


def test_questions_wait_for_their_turn_but_not_for_ever(worker: Worker) -> None:
    replies: list[int] = []
    asking = [threading.Thread(target=lambda: replies.append(ask(worker, "sleep", seconds=1.8)[0])) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    # Each takes 1.8 seconds and waits at most 3 for its turn: the first two are sure to be answered.
    assert replies.count(200) >= 2
    assert set(replies) <= {200, 503}
    assert 503 in replies


def test_what_cannot_be_loaded_says_why() -> None:
    worker = Worker(load_nothing, seconds=3.0, memory_bytes=512 * MEGABYTES)
    with pytest.raises(SadvaeError, match=r"^there is no recogniser here\.$"):
        worker.start()
    worker.close()


def test_a_closed_worker_leaves_no_process() -> None:
    worker = Worker(load_job, seconds=3.0, memory_bytes=512 * MEGABYTES)
    worker.start()
    number = process(worker)
    worker.close()
    assert not is_there(number)
