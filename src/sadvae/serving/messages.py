"""What goes over the JSON interface; FastAPI writes its description, /openapi.json, from these."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from sadvae.recordings.timeline import WINDOW
from sadvae.serving.limits import LONGEST_NAME, MOST_NAMES

ClassName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]
ClipKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Message(BaseModel):
    """A message that holds its fields and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Message):
    """What went wrong, in one sentence."""

    error: str


class RecognizerFacts(Message):
    """A loaded recogniser. unseen: names of its data set that it was not trained on. gate: whether gzsl works."""

    name: str
    dataset: str
    layout: str
    joints: int
    trained: list[str]
    unseen: list[str]
    gate: bool
    calibrated: bool


class Sample(Message):
    """Generated motion that can be tried without a file."""

    key: str
    title: str


class About(Message):
    """What this server offers and takes at most."""

    version: str
    recognizers: list[RecognizerFacts]
    samples: list[Sample]
    layouts: list[str]
    max_upload_bytes: int
    max_clips: int
    time_limit_seconds: float
    video: bool


class Mapping(Message):
    """How a clip comes to a recogniser. needed: its layout is another. sentence: what mapping does, or why not."""

    needed: bool
    possible: bool
    sentence: str


class ClipFacts(Message):
    """A clip that is held. key: for further questions. mappings: one for each recogniser.

    frames_a_second: null where the file does not say. notes: sentences on how it was read.
    """

    key: ClipKey
    name: str
    people: int
    frames: int
    layout: str
    frames_a_second: float | None
    notes: list[str]
    mappings: list[Mapping]


class Clips(Message):
    """The clips of a file. left_out: how many more it has than are taken. words: names that make sense to ask about."""

    file: str
    clips: list[ClipFacts]
    left_out: int = 0
    words: list[str] = []


class Motion(Message):
    """A clip to draw. frames: for each shown frame, x, y, z of every joint of every person as whole numbers.

    x to the right, y up, z towards the viewer, nearly all within -scale and scale; -32768 stands for a lost joint.
    shown: which frame of the clip each is. bones: (parent, child) joints of one person.
    """

    scale: int
    people: int
    joints: int
    total: int
    shown: list[int]
    bones: list[tuple[int, int]]
    frames: list[list[int]]


class Question(Message):
    """Names to choose from for a clip. mode: zsl, these names alone; gzsl, the trained classes too."""

    clip: ClipKey
    classes: list[ClassName] = Field(min_length=1, max_length=MOST_NAMES)
    mode: Literal["zsl", "gzsl"] = "zsl"
    map_layout: bool = False


class TimelineQuestion(Question):
    """The same over time. frames_a_second: of the recording. window: seconds that one answer is about."""

    frames_a_second: float = Field(default=30.0, ge=1, le=1000)
    window: float = Field(default=WINDOW, ge=0.1, le=60)


class NamedAnswer(Message):
    """A name and its probability among the candidates."""

    name: str
    probability: float


class Answers(Message):
    """What one recogniser answers, best first, or why it cannot. none_of_these: no name seems to fit."""

    recognizer: str
    answers: list[NamedAnswer] = []
    fits: float | None = None
    none_of_these: bool = False
    notes: list[str] = []
    error: str | None = None


class Stretch(Message):
    """Frames [start, end) with one name, and its mean probability there."""

    start: int
    end: int
    name: str
    probability: float


class Timeline(Message):
    """What happens when, by one recogniser. edges: of the cells, in frames; scores: [name][cell], in percent."""

    recognizer: str
    names: list[str] = []
    edges: list[int] = []
    scores: list[list[float]] = []
    stretches: list[Stretch] = []
    error: str | None = None


class AllAnswers(Message):
    """The answers of every recogniser. seconds: the time it took."""

    answers: list[Answers]
    seconds: float


class AllTimelines(Message):
    """The timelines of every recogniser. seconds: the time it took."""

    timelines: list[Timeline]
    seconds: float


class Forgotten(Message):
    """How many clips were let go."""

    clips: int
