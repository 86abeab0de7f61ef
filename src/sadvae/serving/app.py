"""The addresses of the local page: the page, its parts, and the JSON interface."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sadvae import __version__
from sadvae.errors import SadvaeError
from sadvae.serving import messages
from sadvae.serving.guard import Guard
from sadvae.serving.limits import LONGEST_FILE_NAME, Limits
from sadvae.serving.pages import add_pages
from sadvae.serving.uploads import TooLargeError, TooSlowError, received, shown_name, too_large
from sadvae.serving.worker import BAD, TOO_LARGE, Reply, Worker, problem

UPLOADS = "/api/clips"
UPLOAD_TYPE = "application/octet-stream"
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": messages.Problem, "description": text}
    for status, text in {
        403: "From another site.",
        408: "The file came too slowly.",
        410: "The clip is no longer held.",
        411: "The length is not said.",
        413: "Too large.",
        415: "Of another type.",
        422: "Bad input, in one sentence.",
        503: "Busy.",
        504: "Took too long.",
    }.items()
}
_FILE = {
    "requestBody": {"required": True, "content": {UPLOAD_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
_DESCRIPTION = (
    "Hand in a skeleton file, then ask what it shows, with any names. Everything stays on this machine; files are "
    "deleted as soon as they are read, and their clips are held in memory until others need the room."
)
FileName = Annotated[
    str, Query(min_length=1, max_length=LONGEST_FILE_NAME, description="The file's name; its ending matters.")
]
LayoutName = Annotated[str | None, Query(max_length=40, description="A built-in layout, for a file that names none.")]
SampleKey = Annotated[str, InPath(max_length=40)]
ClipKey = Annotated[str, InPath(pattern=r"^[0-9a-f]{32}$")]


def new_app(worker: Worker, limits: Limits, folder: Path, hosts: frozenset[str]) -> FastAPI:
    """The application. folder: private, for files while they are read. hosts: names of this server, with its port."""
    app = FastAPI(title="sadvae", version=__version__, description=_DESCRIPTION, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, hosts=hosts, body_bytes=limits.body_bytes, uploads=UPLOADS)
    _add_problems(app)
    add_pages(app)
    _add_uploads(app, worker, limits, folder)
    _add_questions(app, worker)
    return app


def _add_problems(app: FastAPI) -> None:
    """Every error is one sentence of JSON."""

    @app.exception_handler(HTTPException)
    def said(request: Request, error: HTTPException) -> Response:
        words = {404: "there is nothing at this address.", 405: "this address cannot be asked in this way."}
        return _response(problem(error.status_code, words.get(error.status_code, f"{error.detail}.")))

    @app.exception_handler(RequestValidationError)
    def wrong(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"][1:])) or "the request"
        return _response(problem(BAD, f"{where}: {first['msg']}; see /docs for what is expected."))

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        logging.getLogger(__name__).error("a request failed", exc_info=error)
        return _response(problem(500, "the server met an error of its own; its terminal tells more."))


def _add_uploads(app: FastAPI, worker: Worker, limits: Limits, folder: Path) -> None:
    @app.post(UPLOADS, response_model=messages.Clips, responses=_PROBLEMS, openapi_extra=_FILE, tags=["clips"])
    async def hand_in_a_file(
        request: Request,
        name: FileName,
        layout: LayoutName = None,
    ) -> Response:
        """Read a skeleton file, which is the body of the request; its clips can be asked about by their keys."""
        if request.headers.get("content-type") != UPLOAD_TYPE:
            return _response(problem(415, f"send the file itself, as {UPLOAD_TYPE}."))
        try:
            _check_length(request, name, limits.upload_bytes)
            async with received(request.stream(), folder, name, limits.upload_bytes, limits.seconds) as path:
                facts = {"path": str(path), "shown": shown_name(name), "layout": layout}
                return _response(await run_in_threadpool(worker.ask, "read", **facts))
        except TooLargeError as error:
            return _response(problem(TOO_LARGE, str(error)), close=True)
        except TooSlowError as error:
            return _response(problem(408, str(error)), close=True)
        except ClientDisconnect:
            return _response(problem(400, "the file did not arrive whole."))
        except SadvaeError as error:
            return _response(problem(BAD, str(error)))


def _add_questions(app: FastAPI, worker: Worker) -> None:
    @app.get("/api/about", response_model=messages.About, tags=["about"])
    def say_what_is_offered() -> Response:
        """The loaded recognisers, the samples and the limits."""
        return _response(worker.ask("about"))

    @app.post("/api/samples/{key}", response_model=messages.Clips, responses=_PROBLEMS, tags=["clips"])
    def try_a_sample(key: SampleKey) -> Response:
        """Generate motion to try, in place of a file."""
        return _response(worker.ask("sample", key=key))

    @app.get(f"{UPLOADS}/{{clip}}", response_model=messages.Motion, responses=_PROBLEMS, tags=["clips"])
    def draw_a_clip(clip: ClipKey) -> Response:
        """A held clip, turned to the viewer, to draw."""
        return _response(worker.ask("motion", clip=clip))

    @app.delete(f"{UPLOADS}/{{clip}}", response_model=messages.Forgotten, responses=_PROBLEMS, tags=["clips"])
    def forget_a_clip(clip: ClipKey) -> Response:
        """Let a held clip go."""
        return _response(worker.ask("forget", clip=clip))

    @app.post("/api/answers", response_model=messages.AllAnswers, responses=_PROBLEMS, tags=["questions"])
    def name_the_action(question: messages.Question) -> Response:
        """Rank names for a held clip, by every recogniser."""
        return _response(worker.ask("answers", question=question.model_dump()))

    @app.post("/api/timeline", response_model=messages.AllTimelines, responses=_PROBLEMS, tags=["questions"])
    def name_actions_over_time(question: messages.TimelineQuestion) -> Response:
        """Say which name fits when in a held clip, by every recogniser."""
        return _response(worker.ask("timeline", question=question.model_dump()))


def _check_length(request: Request, name: str, most_bytes: int) -> None:
    """Refuse before anything arrives what says that it is too large; what says nothing is counted as it comes."""
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > most_bytes:
        raise too_large(name, most_bytes)


def _response(reply: Reply, *, close: bool = False) -> Response:
    headers = {"connection": "close"} if close else None
    return Response(reply.body, reply.status, headers, media_type="application/json")
