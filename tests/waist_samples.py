"""A small experiment that starts at the waist: features and class vectors of the trivial task, in files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from sadvae.evaluation.trivial import trivial_task
from sadvae.features.folder import FeatureLevel, Features, write_features
from sadvae.task import ZeroShotTask
from sadvae.text.embed import write_class_embeddings
from sadvae.types import ClassEmbeddings, FeatureSet

EXPERIMENT = """
name = "{name}"
selection = "{selection}"
baselines = ["ridge"]
[data]
dataset = "trivial"
[split]
name = "{split}"
[text]
encoder = "{texts}"
mode = "imported"
[method]
preset = "sadvae"
changes = {{ latent = 6, style = 2, epochs = 2, iterations_per_epoch = 8 }}
"""


def write_waist(folder: Path, task: ZeroShotTask | None = None) -> ZeroShotTask:
    """Write features/, texts.npz and split.json of a task (default: the trivial one) into a folder."""
    task = task or trivial_task()
    assert task.calibration is not None
    names = tuple(f"action {i}" for i in task.split.classes)
    levels = [FeatureLevel(t.split, t.train, t.test_seen, t.test_unseen, t.allow) for t in (task, task.calibration)]
    folder.mkdir(parents=True, exist_ok=True)
    write_features(folder / "features", Features("trivial", names, levels[0], levels[1]))
    write_class_embeddings(folder / "texts.npz", task.classes)
    split = {"unseen": list(task.split.unseen), "validation_unseen": list(task.split.validation_unseen)}
    (folder / "split.json").write_text(json.dumps(split))
    return task


def write_experiment(path: Path, waist: Path, *, selection: str = "last_step") -> Path:
    """Write an experiment file, named as its path, on what write_waist left in a folder."""
    text = EXPERIMENT.format(name=path.stem, selection=selection, split=waist / "split.json", texts=waist / "texts.npz")
    path.write_text(text)
    return path


def with_garbage(task: ZeroShotTask) -> ZeroShotTask:
    """The task with garbage in place of features, labels and logits of test clips and of texts of unseen classes."""
    rng = np.random.default_rng(0)

    def other(part: FeatureSet) -> FeatureSet:
        features = rng.normal(9, 99, part.features.shape).astype(np.float32)
        assert part.seen_logits is not None
        logits = rng.normal(9, 99, part.seen_logits.shape).astype(np.float32)
        return replace(part, features=features, labels=rng.permutation(part.labels), seen_logits=logits)

    return replace(
        task,
        test_seen=other(task.test_seen),
        test_unseen=other(task.test_unseen),
        classes=spoilt_texts(task.classes, task.split.unseen),
    )


def spoilt_texts(classes: ClassEmbeddings, spoilt: tuple[int, ...]) -> ClassEmbeddings:
    """Class vectors, verbs and nouns with garbage in the rows of some classes."""
    rng, rows = np.random.default_rng(1), np.isin(classes.ids, spoilt)

    def other(vectors: np.ndarray) -> np.ndarray:
        noise = rng.normal(size=vectors.shape)
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        return np.where(rows[:, None], noise, vectors).astype(np.float32)

    assert classes.verbs is not None
    assert classes.nouns is not None
    return replace(classes, vectors=other(classes.vectors), verbs=other(classes.verbs), nouns=other(classes.nouns))
