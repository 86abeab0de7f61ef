"""An experiment file and a seed become a run record: the whole chain on one screen."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sadvae import __version__, stages
from sadvae.encoders.levels import LevelEncoders, load_encoders, pretrain_levels
from sadvae.errors import SadvaeError
from sadvae.features.folder import Features, read_features, write_features
from sadvae.files import read_json, write_json
from sadvae.machine import git_revision, peak_memory_mb, versions
from sadvae.methods.protocol import Trained
from sadvae.preparing import default_target, prepare_to
from sadvae.recognizer import new_recognizer
from sadvae.record import RunRecord
from sadvae.settings import ExperimentSettings
from sadvae.skeleton.manifest import hash_clips
from sadvae.skeleton.read import source_digest
from sadvae.skeleton.store import read_prepared
from sadvae.task import ZeroShotTask
from sadvae.text.embed import embed_classes, read_class_embeddings, write_class_embeddings
from sadvae.text.encoders import load_text_encoder
from sadvae.text.parts_of_speech import verb_and_noun
from sadvae.types import ClassEmbeddings, ClipSet


class Progress(Protocol):
    """Hears how far a stage is: its name, steps done, steps in all, and a note."""

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None: ...


def run_experiment(settings: ExperimentSettings, source: Path | None, out: Path, seed: int, say: Progress) -> Run:
    """Run the whole chain for one seed in the folder `out`; finished stages of an earlier run are reused.

    source: the folder or file of raw clips, None for generated motion. Raises SadvaeError or LeakageError.
    """
    stages.check_settings(settings, source)
    run = Run(settings, source, Path(out), seed, say)
    clips = run.prepare()
    embeddings = run.embed(clips)
    encoders = run.pretrain(clips)
    features = run.extract(clips, encoders)
    task = features.task(embeddings)
    run.train(task, features, encoders, clips)
    return run


class Run:
    """One seed of an experiment: where its files are, what is done, and how long each stage took."""

    def __init__(self, settings: ExperimentSettings, source: Path | None, out: Path, seed: int, say: Progress) -> None:
        self.settings, self.source, self.out, self.seed, self.say = settings, source, out, seed, say
        self.folder = out / f"seed-{seed}"
        self.seconds: dict[str, float] = {}
        self.record: RunRecord
        self.trained: Trained
        self.task: ZeroShotTask
        self.clips: ClipSet
        self.encoders: LevelEncoders
        self.embeddings: ClassEmbeddings

    def prepare(self) -> ClipSet:
        """Raw skeletons to prepared clips (clips.npz, or the store clips/ of many) and their manifest."""
        path = self.out / default_target(self.source)
        origin = source_digest(self.source) if self.source else "generated"
        key = _key(self.settings.data, self.settings.prepare, origin)

        def report(done: int, total: int, note: str) -> None:
            self.say("prepare", done, total, note)

        def build() -> None:
            prepare_to(path, self.settings.data, self.settings.prepare, self.source, progress=report)

        self._stage("prepare", path, key, build)
        self.clips = read_prepared(path)
        self.clip_hash = hash_clips(self.clips)
        return self.clips

    def embed(self, clips: ClipSet) -> ClassEmbeddings:
        """Class texts to vectors (embeddings.npz)."""
        path = self.out / "embeddings.npz"
        texts = stages.texts_for(self.settings.data, clips)

        def build() -> None:
            encoder = load_text_encoder(self.settings.text.encoder)
            write_class_embeddings(path, embed_classes(texts, encoder, mode=self.settings.text.mode))

        words = [verb_and_noun(name) for name in texts.names]
        self._stage("embed", path, _key(self.settings.text, texts, words), build)
        self.embeddings = read_class_embeddings(path)
        return self.embeddings

    def pretrain(self, clips: ClipSet) -> LevelEncoders:
        """Skeleton encoders of both levels, on seen classes of training subjects (encoders/)."""
        path = self.folder / "encoders"
        division = stages.division_for(self.settings.split, self.settings.data, len(clips.class_names))
        settings = stages.encoder_settings(self.settings.encoder)
        done: dict[str, int] = {}

        def report(level: str, epoch: Any) -> None:
            done[level] = epoch.epoch + 1
            levels = 2 if division.split.validation_unseen else 1
            self.say("pretrain", sum(done.values()), settings.epochs * levels, f"{level}: loss {epoch.loss:.3f}")

        key = _key(division, settings, self.clip_hash, self.seed)
        self._stage("pretrain", path, key, lambda: pretrain_levels(clips, division, settings, self.seed, path, report))
        self.encoders = load_encoders(path)
        return self.encoders

    def extract(self, clips: ClipSet, encoders: LevelEncoders) -> Features:
        """Features of both levels (features/)."""
        path = self.folder / "features"
        key = _key(read_json(self.folder / "encoders.key"), self.clip_hash)
        self._stage("extract", path, key, lambda: write_features(path, stages.extract_features(clips, encoders)))
        return read_features(path)

    def train(self, task: ZeroShotTask, features: Features, encoders: LevelEncoders, clips: ClipSet) -> None:
        """Alignment, gate and baselines; then the recogniser (recognizer/) and the record (record.json)."""
        with self._timed("train"):
            fits = stages.all_fits(
                self.settings,
                task,
                features.class_names,
                self.seed,
                lambda epoch, losses: self.say("train", epoch + 1, 0, _shown(losses)),
            )
        main = fits[0]
        self.trained, self.task = main.levels.trained, task
        self.record = self._record(task, features, [fit.evaluation for fit in fits], main.levels)
        recognizer = new_recognizer(
            encoders.test,
            self.trained,
            main.gate,
            dataset=features.dataset,
            class_names=features.class_names,
            seen=task.split.seen,
            embeddings=task.classes,
            record={"experiment": self.settings.name, "split": task.split.name, "seed": self.seed},
        )
        recognizer.save(self.folder / "recognizer")
        self.record.write(self.folder / "record.json")

    def _record(self, task: ZeroShotTask, features: Features, evaluations: list, levels: Any) -> RunRecord:
        lower = task.calibration
        allow = [f"test: {a}" for a in task.allow] + [f"calibration: {a}" for a in (lower.allow if lower else ())]
        return RunRecord(
            name=self.settings.name,
            dataset=features.dataset,
            split=task.split.name,
            seed=self.seed,
            selection=self.settings.selection,
            seen=list(task.split.seen),
            unseen=list(task.split.unseen),
            validation_unseen=list(task.split.validation_unseen),
            class_names=list(features.class_names),
            settings=self.settings.model_dump(mode="json"),
            evaluations=evaluations,
            history=levels.history,
            selection_curve=levels.held_out,
            data_hashes={"clips": self.clip_hash, "texts": task.classes.text_hash},
            versions=versions(),
            git_revision=git_revision(),
            seconds={name: round(value, 2) for name, value in self.seconds.items()},
            peak_memory_mb=peak_memory_mb(),
            allow=allow,
            counts=_counts(task),
        )

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        self.say(name, 0, 0)
        yield
        self.seconds[name] = time.perf_counter() - start
        self.say(name, 1, 1)

    def _stage(self, name: str, path: Path, key: str, build: Callable[[], object]) -> None:
        """Build `path` unless an earlier run left it under the same key; a changed key starts the stage afresh.

        What is reused keeps the seconds that it took when it was built.
        """
        stamp = path.with_name(f"{path.stem}.key")
        known = _read_stamp(stamp)
        with self._timed(name):
            done = known.get("key") == key and "seconds" in known and path.exists()
            if not done:
                if path.is_dir() and known.get("key") != key:
                    shutil.rmtree(path)
                write_json(stamp, {"key": key})
                build()
        if done:
            self.seconds[name] = known["seconds"]
        else:
            write_json(stamp, {"key": key, "seconds": round(self.seconds[name], 2)})


def _read_stamp(path: Path) -> dict[str, Any]:
    """What an earlier run noted of a stage; nothing where it noted nothing readable, so that the stage is redone."""
    try:
        value = read_json(path)
    except SadvaeError:
        return {}
    return value if isinstance(value, dict) else {}


def _key(*parts: Any) -> str:
    text = json.dumps([p.model_dump(mode="json") if hasattr(p, "model_dump") else p for p in parts], default=repr)
    return hashlib.sha256(f"{__version__} {text}".encode()).hexdigest()


def _shown(losses: dict[str, float]) -> str:
    return f"loss {losses['total']:.3f}" if "total" in losses else ""


def _counts(task: ZeroShotTask) -> dict[str, int]:
    levels = {"test": task, "calibration": task.calibration}
    return {
        f"{level}.{part}": len(features.labels)
        for level, found in levels.items()
        if found is not None
        for part, features in zip(("train", "test_seen", "test_unseen"), found.parts, strict=True)
    }
