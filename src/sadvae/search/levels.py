"""What trials see: the calibration level of an experiment and no more, in files of its own, made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sadvae import stages
from sadvae.errors import SadvaeError
from sadvae.experiment import Progress, Run, Sharing
from sadvae.features.folder import FeatureLevel, Features, is_features_folder, read_features, write_features
from sadvae.files import read_json, write_json
from sadvae.keys import record_key
from sadvae.locks import locked
from sadvae.protocol import Division
from sadvae.search.space import TEXT_MODE, Space
from sadvae.settings import CompareEntry, ExperimentSettings, TextSettings
from sadvae.sources import Source
from sadvae.task import ZeroShotTask
from sadvae.text.embed import read_class_embeddings, write_class_embeddings
from sadvae.types import ClassEmbeddings

# The encoder of every division starts from this seed; the seeds of a search are those of the method.
ENCODER_SEED = 0
KEY = "level.json"


@dataclass(frozen=True)
class Origin:
    """What a search starts from: raw clips, features or None (generated), their digest, and where stages are shared."""

    source: Source
    digest: str
    shared: Path


def divisions(settings: ExperimentSettings, origin: Origin, count: int, say: Progress) -> list[ExperimentSettings]:
    """The experiment under `count` choices of held-out classes: its own, then others of the same number.

    Unseen classes stay what they are; the others are drawn from the seen ones by the ids alone. Raises SadvaeError
    where features that were brought have their one division already.
    """
    if count == 1:
        return [settings]
    if is_features_folder(origin.source):
        raise SadvaeError(
            "features have one division into held-out classes, that of their encoder; search with one, or give clips."
        )
    run = _run(settings, origin, origin.shared, say)
    division = stages.division_for(settings.split, settings.data, run.prepare().class_names)
    return [settings, *(_other(settings, division, number) for number in range(1, count))]


def _other(settings: ExperimentSettings, division: Division, number: int) -> ExperimentSettings:
    split, joined = division.split, division.joined
    generator = np.random.default_rng([number, *sorted(split.unseen)])
    own = [c for c in sorted(split.seen) if joined is None or c < joined.own]
    drawn = generator.choice(np.array(own), len(split.validation_unseen), replace=False)
    held_out = tuple(sorted(int(c) for c in drawn))
    return settings.model_copy(update={"split": settings.split.model_copy(update={"validation_unseen": held_out})})


def make_level(settings: ExperimentSettings, space: Space, origin: Origin, folder: Path, say: Progress) -> None:
    """Write the calibration level of an experiment: features, and a file of vectors for each text mode.

    Neither features nor texts of unseen classes, nor test clips, go into these files. The whole task is built on the
    way, so that what leaks is refused. A level that is there already stays. Raises SadvaeError where nothing is held
    out.
    """
    bare = _bare(settings, space.text_modes(settings.text.mode))
    key = {"key": record_key(bare, origin.digest, ENCODER_SEED)}
    # Machines that share the folder make a level once, and none replaces what another one reads.
    with locked(folder / ".lock"):
        if not (folder / KEY).is_file() or read_json(folder / KEY) != key:
            # Files of the old level are replaced one by one, so that its key would hold for a mixture of both.
            (folder / KEY).unlink(missing_ok=True)
            _make(_run(bare, origin, folder, say), folder)
            write_json(folder / KEY, key)


def _make(run: Run, folder: Path) -> None:
    waist = run.waist()
    for text, task in waist.tasks.items():
        level = task.calibration
        if level is None:
            raise SadvaeError(
                f"experiment {run.settings.name!r} holds no classes out; a search scores held-out classes."
            )
        if text == run.settings.text:
            _write(folder / "features", waist.features, level)
        write_class_embeddings(folder / f"texts-{text.mode}.npz", _only(level.classes, level.split.classes))


def read_level(folder: Path, modes: Sequence[str]) -> dict[str, ZeroShotTask]:
    """The task of a folder of make_level by text mode: its unseen classes are held-out seen ones."""
    features = read_features(folder / "features")
    return {mode: features.task(read_class_embeddings(folder / f"texts-{mode}.npz")) for mode in modes}


def _run(settings: ExperimentSettings, origin: Origin, folder: Path, say: Progress) -> Run:
    return Run(settings, origin.source, folder, ENCODER_SEED, say, Sharing(origin.shared, origin.digest))


def _bare(settings: ExperimentSettings, modes: Sequence[str]) -> ExperimentSettings:
    """The experiment with the texts of all modes and no method beside the main one."""
    texts = [TextSettings(encoder=settings.text.encoder, mode=mode) for mode in modes]
    entries = tuple(CompareEntry(name=f"{TEXT_MODE} {text.mode}", text=text) for text in texts[1:])
    return settings.model_copy(update={"text": texts[0], "compare": entries, "baselines": ()})


def _write(folder: Path, features: Features, level: ZeroShotTask) -> None:
    lower = FeatureLevel(level.split, level.train, level.test_seen, level.test_unseen, level.allow)
    write_features(folder, Features(features.dataset, features.class_names, lower))


def _only(classes: ClassEmbeddings, ids: Sequence[int]) -> ClassEmbeddings:
    rows = [classes.ids.index(class_id) for class_id in ids]
    parts = {name: value[rows] for name in ("verbs", "nouns") if (value := getattr(classes, name)) is not None}
    names = tuple(classes.names[row] for row in rows) if classes.names else ()
    return replace(classes, ids=tuple(ids), vectors=classes.vectors[rows], names=names, **parts)
