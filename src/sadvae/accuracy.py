"""An accuracy file becomes records of encoders: every encoder and seed, some side by side, on the same clips."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sadvae import __version__, stages
from sadvae.accuracy_job import AccuracyJob, Scored
from sadvae.encoder_record import EncoderRecord, read_encoder_record
from sadvae.encoders.references import reference_scores
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.workers import run_side_by_side
from sadvae.errors import SadvaeError
from sadvae.experiment import Progress
from sadvae.files import sha256_of
from sadvae.machine import git_revision, versions
from sadvae.preparing import prepare_once
from sadvae.protocol import list_file
from sadvae.settings import AccuracySettings, EncoderEntry
from sadvae.skeleton.manifest import hash_clips
from sadvae.skeleton.store import read_prepared
from sadvae.types import ClipSet


@dataclass(frozen=True)
class Request:
    """What is asked for: seeds, which encoders (all where none is named), where, and on which clips it is scored."""

    out: Path
    seeds: Sequence[int]
    encoders: Sequence[str] = ()
    validation: bool = False
    workers: int = 1


def measure_accuracy(
    settings: AccuracySettings, source: Path | None, request: Request, say: Progress
) -> list[EncoderRecord]:
    """Train and score every encoder with every seed, those left out whose record is there with the same key.

    source: the folder or file of raw clips, None for generated motion. Returns the records, seeds of an encoder
    together. Raises SadvaeError or LeakageError.
    """
    stages.check_source(settings.data, source)
    entries = _chosen(settings, request.encoders)
    # Settings that are wrong are found before any work.
    encoders = [(entry, stages.encoder_settings(entry)) for entry in entries]
    clips_path = prepare_once(request.out, settings.data, settings.prepare, source, say)
    scored = Scored(clips_path, settings.data.train_subjects, request.validation, settings.validation_subjects)
    jobs = _jobs(settings, encoders, request, scored)
    missing = {name: job for name, job in jobs.items() if not _is_done(job)}
    if missing:
        references = _references(scored, settings, say)
        ready = {name: _ready(job, references) for name, job in missing.items()}
        run_side_by_side(ready, request.workers, lambda name, epoch: _tell(say, name, jobs[name], epoch))
    found = [read_encoder_record(job.path) for job in jobs.values()]
    return sorted(found, key=lambda record: ([e.label for e in entries].index(record.encoder), record.seed))


def _ready(job: AccuracyJob, references: dict[str, float]) -> AccuracyJob:
    job.path.parent.mkdir(parents=True, exist_ok=True)
    return replace(job, known=job.known | {"references": references})


def _chosen(settings: AccuracySettings, names: Sequence[str]) -> list[EncoderEntry]:
    known = [entry.label for entry in settings.encoders]
    stray = [name for name in names if name not in known]
    if stray:
        raise SadvaeError(f"no encoder {stray[0]!r} in {settings.name}; it has {', '.join(known)}.")
    return [entry for entry in settings.encoders if not names or entry.label in names]


def _jobs(
    settings: AccuracySettings,
    encoders: Sequence[tuple[EncoderEntry, EncoderSettings]],
    request: Request,
    scored: Scored,
) -> dict[str, AccuracyJob]:
    """Every encoder with the first seed, then with the next, so that a stopped run knows something of each."""
    clips = read_prepared(scored.clips)
    folder = request.out / "validation" if request.validation else request.out
    common = _common(settings, request, clips)
    jobs = {}
    for seed in request.seeds:
        for entry, encoder in encoders:
            known = common | {"encoder": entry.label, "preset": entry.preset, "seed": seed}
            known["settings"] = encoder.model_dump(mode="json")
            known["key"] = _key(known, scored, clips)
            path = folder / entry.label / f"seed-{seed}.json"
            jobs[f"{entry.label}, seed {seed}"] = AccuracyJob(scored, encoder, path, known)
    return jobs


def _common(settings: AccuracySettings, request: Request, clips: ClipSet) -> dict[str, Any]:
    return {
        "name": settings.name,
        "title": settings.title or settings.name,
        "dataset": clips.dataset,
        "part": "validation" if request.validation else "test",
        "steps": list(clips.steps),
        "data_hashes": {"clips": hash_clips(clips)},
        "versions": versions(),
        "git_revision": git_revision(),
    }


def _key(known: dict[str, Any], scored: Scored, clips: ClipSet) -> str:
    moves = {name: known[name] for name in ("part", "settings", "seed", "steps", "data_hashes")}
    who = [(clip.clip_id, clip.label, clip.subject) for clip in clips.clips]
    rule = [scored.train_subjects, scored.validation_subjects if scored.validation else None]
    listed = list_file(scored.train_subjects)
    rule += [] if listed is None else [sha256_of(listed)]
    return hashlib.sha256(f"{__version__} {json.dumps([moves, who, rule], sort_keys=True)}".encode()).hexdigest()


def _is_done(job: AccuracyJob) -> bool:
    """Whether the record of a job is there; an unreadable one is in the way of a new one no more than an old one.

    Raises SadvaeError where the record of another accuracy file would be overwritten.
    """
    try:
        found = read_encoder_record(job.path)
    except SadvaeError:
        return False
    if found.name != job.known["name"]:
        raise SadvaeError(
            f"{job.path} is a record of {found.name!r}, which one of {job.known['name']!r} would replace; give another "
            "folder with --out."
        )
    return found.key == job.known["key"]


def _references(scored: Scored, settings: AccuracySettings, say: Progress) -> dict[str, float]:
    task = scored.task()
    if not settings.references:
        return {}
    say("references", 0, 0)
    found = reference_scores(task)
    say("references", 1, 1)
    return found


def _tell(say: Progress, name: str, job: AccuracyJob, epoch: Any) -> None:
    say(name, epoch.epoch + 1, job.settings.epochs, f"loss {epoch.loss:.3f}")
