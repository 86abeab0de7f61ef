"""What the working process does: read files, hold clips, and ask the recognisers about them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sadvae import __version__
from sadvae.errors import SadvaeError
from sadvae.recognizer import Recognizer
from sadvae.recordings.timed import TimedClip
from sadvae.serving import messages
from sadvae.serving.drawing import drawn
from sadvae.serving.facts import Loaded, for_pages, mapping_facts, recognizer_facts, short_names
from sadvae.serving.held import HeldClips
from sadvae.serving.limits import Limits
from sadvae.serving.messages import Question, TimelineQuestion
from sadvae.serving.over_time import timeline_of
from sadvae.serving.reading import read_upload
from sadvae.serving.samples import TITLES, WORDS, sample_clip
from sadvae.serving.video import can_read_videos
from sadvae.skeleton.layouts import layout_names
from sadvae.types import SkeletonClip

Found = TypeVar("Found", messages.Answers, messages.Timeline)
# Names that the page begins with.
FIRST_WORDS = 6


class Answering:
    """Answers questions: a verb and its arguments in, something that can be written as JSON out."""

    def __init__(self, loaded: Sequence[Loaded], limits: Limits) -> None:
        self._loaded, self._limits = tuple(loaded), limits
        self._held = HeldClips(limits.held_bytes)
        self._verbs: dict[str, Callable[..., messages.Message]] = {
            "about": self.about,
            "read": self.read,
            "sample": self.sample,
            "motion": self.motion,
            "answers": self.answers,
            "timeline": self.timeline,
            "forget": self.forget,
        }

    def __call__(self, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The answer as a JSON object. Raises SadvaeError."""
        return self._verbs[verb](**arguments).model_dump(mode="json")

    def about(self) -> messages.About:
        """What is offered here."""
        return messages.About(
            version=__version__,
            recognizers=[recognizer_facts(one) for one in self._loaded],
            samples=[messages.Sample(key=key, title=title) for key, title in TITLES.items()],
            layouts=list(layout_names()),
            max_upload_bytes=self._limits.upload_bytes,
            max_clips=self._limits.clips,
            time_limit_seconds=self._limits.seconds,
            video=can_read_videos(),
        )

    def read(self, path: str, shown: str, layout: str | None) -> messages.Clips:
        """Read a file and hold its clips."""
        found = read_upload(Path(path), shown, layout)
        return self._taken(shown, found, self._own_words())

    def sample(self, key: str) -> messages.Clips:
        """Generate a sample and hold it."""
        return self._taken(TITLES.get(key, key), [TimedClip(sample_clip(key), 30.0)], list(WORDS))

    def motion(self, clip: str) -> messages.Motion:
        """A held clip to draw."""
        return drawn(self._held.get(clip).clip)

    def answers(self, question: dict[str, Any]) -> messages.AllAnswers:
        """What every recogniser answers about a held clip."""
        asked, start = Question.model_validate(question), time.perf_counter()
        clip = self._held.get(asked.clip).clip
        found = self._each(lambda one: _answers(one, clip, asked), messages.Answers)
        return messages.AllAnswers(answers=found, seconds=round(time.perf_counter() - start, 3))

    def timeline(self, question: dict[str, Any]) -> messages.AllTimelines:
        """What every recogniser sees happen when in a held clip."""
        asked, start = TimelineQuestion.model_validate(question), time.perf_counter()
        clip = self._held.get(asked.clip).clip
        found = self._each(lambda one: timeline_of(one.recognizer, one.name, clip, asked), messages.Timeline)
        return messages.AllTimelines(timelines=found, seconds=round(time.perf_counter() - start, 3))

    def forget(self, clip: str) -> messages.Forgotten:
        """Let a clip go."""
        return messages.Forgotten(clips=self._held.forget(clip))

    def _each(self, ask: Callable[[Loaded], Found], kind: type[Found]) -> list[Found]:
        """The answer of each; one that cannot says why. Raises SadvaeError where none can."""
        found: list[Found] = []
        for one in self._loaded:
            try:
                found.append(ask(one))
            except SadvaeError as error:
                found.append(kind(recognizer=one.name, error=for_pages(str(error))))
        if all(one.error for one in found):
            raise SadvaeError(str(found[0].error))
        return found

    def _taken(self, file: str, found: list[TimedClip], words: list[str]) -> messages.Clips:
        # Clips that their own file's later ones would drive out have no answers.
        kept = self._held.first_of(found[: self._limits.clips])
        facts = [self._clip_facts(self._held.add(recording), recording) for recording in kept]
        return messages.Clips(file=file, clips=facts, left_out=len(found) - len(kept), words=words)

    def _clip_facts(self, key: str, recording: TimedClip) -> messages.ClipFacts:
        clip = recording.clip
        return messages.ClipFacts(
            key=key,
            name=clip.clip_id,
            people=clip.joints.shape[0],
            frames=clip.joints.shape[1],
            layout=clip.layout.name,
            frames_a_second=recording.rate,
            notes=list(recording.notes),
            mappings=[mapping_facts(clip.layout, one.recognizer.encoder.layout) for one in self._loaded],
        )

    def _own_words(self) -> list[str]:
        """Names to begin with: those that the first recogniser's data set has and it was not trained on."""
        facts = recognizer_facts(self._loaded[0])
        return (facts.unseen or facts.trained)[:FIRST_WORDS]


def load_answering(folders: Sequence[Path], limits: Limits) -> Answering:
    """Load recognisers, and their text encoders too, so that the first question of a user is quick.

    Raises SadvaeError for a folder that holds none.
    """
    names = [str(folder) for folder in folders]
    loaded = [Loaded(name, Recognizer.load(folder)) for name, folder in zip(short_names(names), folders, strict=True)]
    for one in loaded:
        one.recognizer.embed(["walk"])
    return Answering(loaded, limits)


def _answers(one: Loaded, clip: SkeletonClip, asked: Question) -> messages.Answers:
    notes: list[str] = []
    (found,) = one.recognizer.predict(
        clip, asked.classes, mode=asked.mode, map_layout=asked.map_layout, note=notes.append
    )
    ranked = [messages.NamedAnswer(name=a.name, probability=a.probability) for a in found.answers]
    return messages.Answers(
        recognizer=one.name, answers=ranked, fits=found.fits, none_of_these=found.none_of_these, notes=notes
    )
