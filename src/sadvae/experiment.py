"""An experiment file and a seed become a run record: the whole chain on one screen."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sadvae import stages
from sadvae.comparing import all_fits, text_settings
from sadvae.encoders.levels import LevelEncoders, check_levels, load_encoders, pretrain_levels
from sadvae.errors import SadvaeError
from sadvae.evaluation.calibrate import calibrate
from sadvae.evaluation.disentanglement import probe_task
from sadvae.evaluation.needed import check_parts
from sadvae.features.folder import Features, features_digest, is_features_folder, read_features
from sadvae.files import read_arrays, read_json, sha256_of, write_arrays, write_json
from sadvae.imported import as_brought, imported_features, imported_vectors
from sadvae.joining import joined_record
from sadvae.keys import check_own_records, class_digests, key_of, list_digests, read_stamp, record_key, stamp_path
from sadvae.locks import locked
from sadvae.machine import git_revision, peak_memory_mb, versions
from sadvae.methods.protocol import Trained
from sadvae.preparing import default_target, manifest_path, prepare_to
from sadvae.protocol import Division
from sadvae.recognition.config import origin_of
from sadvae.recognizer import new_recognizer
from sadvae.record import RunRecord
from sadvae.settings import IMPORTED, ExperimentSettings, TextSettings, check_seed, contenders
from sadvae.skeleton.composed import ComposeSettings
from sadvae.skeleton.manifest import hash_clips, hash_labelled, read_manifest
from sadvae.skeleton.read import source_digest
from sadvae.skeleton.store import read_prepared
from sadvae.sources import Source, Sources
from sadvae.task import ZeroShotTask
from sadvae.teaching import Material, make_material, read_material, taught, write_material
from sadvae.text.embed import embed_classes, read_class_embeddings, write_class_embeddings
from sadvae.text.encoders import load_text_encoder
from sadvae.text.parts_of_speech import verb_and_noun
from sadvae.types import ClassEmbeddings, ClassTexts, ClipSet


class Progress(Protocol):
    """Hears how far a stage is: its name, steps done, steps in all, and a note."""

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None: ...


@dataclass(frozen=True)
class Sharing:
    """What runs of several experiments have in common: a folder of stages by their keys, and the source's digest.

    Whoever needs a stage first builds it, the others wait for it. The levels' encoders train one after the other,
    since the other runs keep the cores busy.
    """

    folder: Path
    origin: str


def run_experiment(
    settings: ExperimentSettings,
    source: Source,
    out: Path,
    seed: int,
    say: Progress,
    sharing: Sharing | None = None,
) -> Run:
    """Run the whole chain for one seed in the folder `out`; finished stages of an earlier run are reused.

    source: the folder or file of raw clips, those of several data sets, None for generated motion, or a features folder
    to start from; without their encoder no recogniser can be saved then. sharing: where stages are kept that other
    experiments use too (default: in `out`). Raises SadvaeError (also for a folder of another experiment) or
    LeakageError.
    """
    check_seed(seed)
    stages.check_settings(settings, source)
    check_own_records(settings.name, out, [seed])
    run = Run(settings, source, Path(out), seed, say, sharing)
    run.train(run.waist())
    return run


@dataclass(frozen=True, eq=False)
class Waist:
    """What alignment starts from: tasks by their text settings, features, and their encoders where they are at hand."""

    tasks: Mapping[TextSettings, ZeroShotTask]
    features: Features
    encoders: LevelEncoders | None


class Run:
    """One seed of an experiment: where its files are, what is done, and how long each stage took."""

    def __init__(
        self,
        settings: ExperimentSettings,
        source: Source,
        out: Path,
        seed: int,
        say: Progress,
        sharing: Sharing | None = None,
    ) -> None:
        self.settings, self.source, self.out, self.seed, self.say = settings, source, out, seed, say
        self.sharing = sharing
        self.origin = sharing.origin if sharing else source_origin(source)
        self.folder = out / f"seed-{seed}"
        self.seconds: dict[str, float] = {}
        self.record: RunRecord
        self.trained: Trained
        self.task: ZeroShotTask
        self.data_hashes: dict[str, str] = {}
        self.clips: ClipSet | None = None
        self.layouts: tuple[str, ...] = ()
        self.encoders: LevelEncoders
        self.embeddings: ClassEmbeddings

    def waist(self, known: Mapping[TextSettings, ZeroShotTask] | None = None) -> Waist:
        """The chain up to the tasks; known: those of another run on the same features, which are taken over."""
        if is_features_folder(self.source):
            features, encoders = self.take_features(), None
            embeddings = self.embed(features.class_names)
        else:
            clips = self.prepare()
            # Before texts are embedded and a level trains, which take a while.
            check_levels(self._division(clips).levels(clips), stages.encoder_settings(self.settings.encoder))
            embeddings = self.embed(clips.class_names)
            encoders = self.pretrain(clips)
            features = self.extract(clips, encoders)
        had = known or {}
        tasks = {text: had.get(text) or features.task(vectors) for text, vectors in embeddings.items()}
        check_parts(tasks[self.settings.text], features.class_names)
        return Waist({**tasks, **self.teach(tasks, features)}, features, encoders)

    def teach(self, tasks: Mapping[TextSettings, ZeroShotTask], features: Features) -> dict[TextSettings, ZeroShotTask]:
        """The tasks of methods that learn from composed movements, with these (lessons.npz and their texts)."""
        found = [one for one in contenders(self.settings) if stages.takes_lessons(one.method)]
        wanted = [text for text in dict.fromkeys(one.text for one in found) if tasks[text].lessons is None]
        if not wanted or features.kind != "kinematics":
            return {}
        key = key_of("lessons", ComposeSettings())
        path = self._place(self.out / "lessons.npz", "lessons", key)
        self._stage("compose", path, key, lambda: write_material(path, make_material()))
        material = read_material(path)
        return {text: self._taught(tasks[text], text, features, material) for text in wanted}

    def _taught(self, task: ZeroShotTask, text: TextSettings, features: Features, material: Material) -> ZeroShotTask:
        key, encoder = key_of("lessons", ComposeSettings(), text), load_text_encoder(text.encoder)
        path = self._place(self.out / f"lessons-{key[:12]}.npz", "lesson-texts", key)
        self._stage("compose", path, key, lambda: write_arrays(path, {"vectors": material.vectors(encoder, text.mode)}))
        return taught(task, features.class_names, material, read_arrays(path)["vectors"], encoder)

    def take_features(self) -> Features:
        """Features that were made elsewhere; they stay where they are."""
        assert isinstance(self.source, Path)
        with self._timed("import"):
            found = imported_features(self.source, self.settings)
            self.data_hashes["features"] = self.origin
        return found

    def prepare(self) -> ClipSet:
        """Raw skeletons to prepared clips (clips.npz, or the store clips/ of many) and their manifest."""
        key = key_of(self.settings.data, self.settings.prepare, self.origin, *class_digests(self.settings.data))
        path = self._place(self.out / default_target(self.source), "clips", key)

        def report(done: int, total: int, note: str) -> None:
            self.say("prepare", done, total, note)

        def build() -> None:
            prepare_to(path, self.settings.data, self.settings.prepare, self.source, progress=report)

        self._stage("prepare", path, key, build)
        self.clips = read_prepared(path)
        if self.settings.data.more:
            self.layouts = tuple(part.layout for part in read_manifest(manifest_path(path)).joined)
        joints = self.data_hashes["clips"] = hash_clips(self.clips)
        self.clip_hash = hash_labelled(self.clips, joints)
        return self.clips

    def embed(self, class_names: tuple[str, ...]) -> dict[TextSettings, ClassEmbeddings]:
        """Class texts to vectors, for each text setting that a method needs (embeddings.npz: the main method's)."""
        texts = stages.texts_for(self.settings.data, class_names)
        wanted = text_settings(self.settings)
        found = {text: self._embed(text, texts, main=text == wanted[0]) for text in wanted}
        self.embeddings = found[wanted[0]]
        return found

    def _embed(self, text: TextSettings, texts: ClassTexts, *, main: bool) -> ClassEmbeddings:
        words = [verb_and_noun(name) for name in texts.names]
        key = key_of(text, texts, words, *([sha256_of(Path(text.encoder))] if text.mode == IMPORTED else []))
        own = self.out / ("embeddings.npz" if main else f"embeddings-{key[:12]}.npz")
        path = self._place(own, "texts", key)

        def build() -> None:
            if text.mode == IMPORTED:
                found = imported_vectors(Path(text.encoder), texts)
            else:
                found = embed_classes(texts, load_text_encoder(text.encoder), mode=text.mode)
            write_class_embeddings(path, found)

        self._stage("embed", path, key, build)
        return read_class_embeddings(path)

    def pretrain(self, clips: ClipSet) -> LevelEncoders:
        """Skeleton encoders of both levels, on seen classes of training subjects (encoders/)."""
        division = self._division(clips)
        settings = stages.encoder_settings(self.settings.encoder)
        done: dict[str, int] = {}

        def report(level: str, epoch: Any) -> None:
            done[level] = epoch.epoch + 1
            levels = 2 if division.split.validation_unseen else 1
            self.say("pretrain", sum(done.values()), settings.epochs * levels, f"{level}: loss {epoch.loss:.3f}")

        key = key_of(division, settings, self.clip_hash, self.seed, *list_digests(self.settings.data))
        path = self._place(self.folder / "encoders", "encoders", key)
        together = self.sharing is None

        def build() -> None:
            pretrain_levels(clips, division, settings, self.seed, path, report, side_by_side=together)

        self._stage("pretrain", path, key, build)
        self.encoders, self._encoders_stamp = load_encoders(path), read_json(stamp_path(path))
        return self.encoders

    def _division(self, clips: ClipSet) -> Division:
        present = {clip.label for clip in clips.clips if clip.label is not None}
        return stages.division_for(self.settings.split, self.settings.data, clips.class_names, present)

    def extract(self, clips: ClipSet, encoders: LevelEncoders) -> Features:
        """Features of both levels (features/)."""
        key = key_of(self._encoders_stamp, self.clip_hash)
        path = self._place(self.folder / "features", "features", key)
        self._stage("extract", path, key, lambda: stages.extract_to(path, clips, encoders))
        return read_features(path)

    def train(self, waist: Waist, make: stages.MakeMethod = stages.main_method) -> None:
        """Alignment, gate, what is compared; then the record, and the recogniser where its encoder is at hand.

        make: the method of a preset, in place of the usual one.
        """
        features, encoders, task = waist.features, waist.encoders, waist.tasks[self.settings.text]
        with self._timed("train"):
            fits = all_fits(
                self.settings,
                waist.tasks,
                features.class_names,
                self.seed,
                lambda done, total, note: self.say("train", done, total, note),
                make,
            )
        main = fits[0]
        self.trained, self.task = main.levels.trained, task
        self.record = self._record(task, features, [fit.evaluation for fit in fits], main.levels)
        with locked(self.folder / ".lock"):
            self._write(main, features, encoders)

    def _write(self, main: stages.Fitted, features: Features, encoders: LevelEncoders | None) -> None:
        """The recogniser, the record, and at last the key under which the record counts as finished."""
        # An older key would call what is written from here on finished, although it may be of another experiment.
        (self.folder / "record.key").unlink(missing_ok=True)
        # A recogniser embeds words typed later, so imported vectors, whose text encoder is not known, give none.
        if encoders is not None and self.task.classes.mode:
            self._save_recognizer(main, features, encoders)
        elif (self.folder / "recognizer").exists():
            shutil.rmtree(self.folder / "recognizer")
        self.record.write(self.folder / "record.json")
        write_json(self.folder / "record.key", {"key": record_key(self.settings, self.origin, self.seed)})

    def _save_recognizer(self, main: stages.Fitted, features: Features, encoders: LevelEncoders) -> None:
        recognizer = new_recognizer(
            encoders.test,
            main.levels.trained,
            main.gate,
            dataset=features.dataset,
            class_names=features.class_names,
            seen=self.task.split.seen,
            embeddings=self.task.classes,
            calibration=calibrate(main.levels, self.task),
            record=origin_of(self.record),
            layouts=self.layouts,
        )
        recognizer.save(self.folder / "recognizer")

    def _record(self, task: ZeroShotTask, features: Features, evaluations: list, levels: Any) -> RunRecord:
        lower, data = task.calibration, self.settings.data
        joined = joined_record(data, task.split) if data.more else None
        added = set(joined.added) if joined else set[int]()
        allow = [f"test: {a}" for a in task.allow] + [f"calibration: {a}" for a in (lower.allow if lower else ())]
        return RunRecord(
            name=self.settings.name,
            dataset=features.dataset,
            split=task.split.name,
            seed=self.seed,
            selection=self.settings.selection,
            seen=[c for c in task.split.seen if c not in added],
            unseen=list(task.split.unseen),
            validation_unseen=list(task.split.validation_unseen),
            class_names=list(features.class_names),
            settings=stated_settings(self.settings, self.source),
            evaluations=evaluations,
            history=levels.history,
            selection_curve=levels.held_out,
            data_hashes={**self.data_hashes, "texts": task.classes.text_hash},
            versions=versions(),
            git_revision=git_revision(),
            seconds={name: round(value, 2) for name, value in self.seconds.items()},
            peak_memory_mb=peak_memory_mb(),
            allow=allow,
            counts=_counts(task),
            probes=probe_task(self.trained, task),
            joined=joined,
        )

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        self.say(name, 0, 0)
        yield
        self.seconds[name] = time.perf_counter() - start
        self.say(name, 1, 1)

    def _place(self, own: Path, kind: str, key: str) -> Path:
        """Where a stage's result is: in this run's folder, or in a shared folder of its own, named after its key."""
        return own if self.sharing is None else self.sharing.folder / f"{kind}-{key[:16]}" / own.name

    def _stage(self, name: str, path: Path, key: str, build: Callable[[], object]) -> None:
        """Build `path` unless an earlier run left it under the same key; a changed key starts the stage afresh.

        What is reused keeps the seconds that it took when it was built; stages of one name add up.
        """
        # Without sharing too: nothing keeps two commands from one folder.
        with locked(path.with_name(".lock")):
            return self._build(name, path, key, build)

    def _build(self, name: str, path: Path, key: str, build: Callable[[], object]) -> None:
        stamp, before = stamp_path(path), self.seconds.get(name, 0.0)
        known = read_stamp(stamp)
        with self._timed(name):
            done = known.get("key") == key and "seconds" in known and path.exists()
            if not done:
                if path.exists() and not stamp.exists():
                    raise SadvaeError(f"{path} is there and was not made by a run; choose another folder for --out.")
                if path.is_dir() and known.get("key") != key:
                    shutil.rmtree(path)
                write_json(stamp, {"key": key})
                build()
        if not done:
            known = {"key": key, "seconds": round(self.seconds[name], 2)}
            write_json(stamp, known)
        self.seconds[name] = before + known["seconds"]


def source_origin(source: Source) -> str:
    """What clips or features come from: the digest of the source's files, "generated" where there is none."""
    if source is None:
        return "generated"
    if isinstance(source, Sources):
        return " ".join(f"{name} {source_digest(path)}" for name, path in source.paths)
    return features_digest(source) if is_features_folder(source) else source_digest(source)


def stated_settings(settings: ExperimentSettings, source: Source) -> dict[str, Any]:
    """The settings as a record has them: of features that were brought, nothing in the file made them."""
    found = as_brought(settings) if is_features_folder(source) else settings
    return found.model_dump(mode="json")


def _counts(task: ZeroShotTask) -> dict[str, int]:
    levels = {"test": task, "calibration": task.calibration}
    return {
        f"{level}.{part}": len(features.labels)
        for level, found in levels.items()
        if found is not None
        for part, features in zip(("train", "test_seen", "test_unseen"), found.parts, strict=True)
    }
