"""Choose the numbers of the preset `taught` on held-out classes of the calibration level; no test clip is looked at.

    python benchmarks/choose_taught.py UTD_MHAD MSR_ACTION3D --out results/choose_taught.json
    python benchmarks/choose_taught.py --generated --out results/choose_taught_generated.json

UTD_MHAD, MSR_ACTION3D: the folders of raw clips. Takes the calibration level of random splits of both (its training
part alone), or with --generated that of generated motion with 20 draws of held-out classes, with numbers of movement as
features, trains each candidate there, and scores it on that level's held-out classes. Candidates differ from the preset
in one thing each. "Class names" are names and the lexicon's sentences on them; "descriptions" are ours. Composed
movements that are called nearly like a held-out or an unseen class teach nobody, but for the candidate of that name. Of
the temperature, which changes no answer, the log loss is given.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from sadvae.encoders.kinematics import FARTHEST
from sadvae.encoders.measures import numbers_of
from sadvae.encoders.settings import EncoderSettings
from sadvae.files import write_json
from sadvae.methods.cca import CCA
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.protocol import Method
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import sadvae, taught, taught_sa_dvae
from sadvae.methods.taught import Taught, TrainedTaught
from sadvae.methods.taught_sa_dvae import TaughtSADVAE
from sadvae.protocol import Division
from sadvae.settings import DataSettings, demo_experiment
from sadvae.skeleton.generated.split import NAME as GENERATED
from sadvae.skeleton.generated.split import generated_split
from sadvae.skeleton.preprocess import prepare_clip_set
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.splits.reader import CLASS_COUNTS, load_split
from sadvae.stages import read_raw
from sadvae.task import ClipTask, ZeroShotTask
from sadvae.teaching import Material, make_material
from sadvae.text.class_lists import class_texts
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import TextEncoder, load_text_encoder
from sadvae.text.prompts import WORDS
from sadvae.types import ClassSplit, ClipSet, FeatureSet

TEXTS = {"class names": "names+movement+words", "descriptions": "descriptions+words"}
# The subject that tests seen classes, and how many splits there are.
SPLITS = {"utd_mhad": ("7", 20), "msr_action3d": ("9", 10), GENERATED: ("11", 20)}
NAMES = {"utd_mhad": "random-22-5-{}", "msr_action3d": "random-15-5-{}"}
TEMPERATURES = (0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5)
EVERY, PLAIN = "every movement", "no words of movement"
CANDIDATES: dict[str, Method] = {
    "taught": Taught(taught()),
    EVERY: Taught(taught()),
    PLAIN: Taught(taught()),
    "no words of movement, lesson_share 0.8": Taught(taught(lesson_share=0.8)),
    "no lessons": Taught(taught(lesson_share=0)),
    "no hub correction": Taught(taught(hub_correction=False)),
    "neither": Taught(taught(lesson_share=0, hub_correction=False)),
    **{f"lesson_share {share}": Taught(taught(lesson_share=share)) for share in (0.5, 0.7, 0.8, 0.95)},
    **{f"penalty {penalty}": Taught(taught(penalty=penalty)) for penalty in (0.001, 0.01, 0.03)},
    "ridge": RidgeNearestText(),
    "eszsl": ESZSL(),
    "cca": CCA(),
    "sadvae": SADVAE(sadvae()),
    "taught_sa_dvae": TaughtSADVAE(taught_sa_dvae()),
    "taught_sa_dvae, no style": TaughtSADVAE(taught_sa_dvae(style=0)),
}


@dataclass(frozen=True, eq=False)
class Level:
    """A calibration level: its task without lessons, with those it may learn from, with all, and without words."""

    task: ZeroShotTask
    apart: ZeroShotTask
    every: ZeroShotTask
    plain: ZeroShotTask


def clips_of(dataset: str, folder: Path | None) -> ClipSet:
    """Prepared clips of a data set; folder: None for generated motion, whose clips are the demo's."""
    data = demo_experiment().data if folder is None else DataSettings(dataset=dataset)
    return prepare_clip_set(read_raw(data, folder), PrepareSettings())[0]


def split_of(dataset: str, number: int) -> ClassSplit:
    """A random split; of generated motion, its own with five of the seen classes drawn as held-out ones."""
    if dataset != GENERATED:
        return load_split(dataset, NAMES[dataset].format(number), CLASS_COUNTS[dataset])
    own = generated_split()
    drawn = np.random.default_rng(number).choice(own.seen, 5, replace=False)
    return replace(own, validation_unseen=tuple(sorted(drawn.tolist())))


def feature_sets(clips: ClipTask) -> list[FeatureSet]:
    """Numbers of movement of a level's three parts, standardised by its training part."""
    parts = (clips.train, clips.test_seen, clips.test_unseen)
    numbers = [numbers_of(part, EncoderSettings().frames).numpy() for part in parts]
    mean, deviation = numbers[0].mean(0), np.sqrt(numbers[0].var(0) + 1e-5)
    return [
        FeatureSet(
            ((found - mean) / deviation).clip(-FARTHEST, FARTHEST).astype(np.float32),
            np.array([clip.label for clip in part.clips], dtype=np.int64),
            tuple(clip.clip_id for clip in part.clips),
        )
        for found, part in zip(numbers, parts, strict=True)
    ]


def levels(
    dataset: str, clips: ClipSet, material: Material, encoder: TextEncoder, mode: str, count: int
) -> Iterator[Level]:
    """The calibration levels of the random splits of a data set, with texts of a mode."""
    subject, most = SPLITS[dataset]
    texts = class_texts(dataset)
    vectors, classes = material.vectors(encoder, mode), embed_classes(texts, encoder, mode=mode)
    plain = mode.removesuffix(WORDS)
    plain_vectors, plain_classes = material.vectors(encoder, plain), embed_classes(texts, encoder, mode=plain)
    for number in range(min(count, most)):
        split = split_of(dataset, number)
        division = Division(split=split, held_out_subjects=(subject,), unseen_from="training_subjects")
        level = division.levels(clips).calibration
        assert level is not None
        allow = ("unknown_encoder", "shared_subjects", "equal_rows")
        task = ZeroShotTask(level.split, *feature_sets(level), classes=classes, allow=allow)
        out = [texts.names[c] for c in {*split.unseen, *level.split.unseen}]
        every = material.lessons(vectors, range(len(vectors)))
        kept = material.apart_from(out, encoder)
        apart, without = (material.lessons(rows, kept) for rows in (vectors, plain_vectors))
        yield Level(
            task,
            replace(task, lessons=apart),
            replace(task, lessons=every),
            replace(task, lessons=without, classes=plain_classes),
        )


def scored(name: str, method: Method, level: Level) -> tuple[float, list[float]]:
    """Accuracy on held-out classes, and for the preset the log loss at each of TEMPERATURES."""
    task = level.every if name == EVERY else level.plain if name.startswith(PLAIN) else level.apart
    trained = method.fit(task, 0)
    vectors, ids = task.classes.of(task.split.unseen), np.array(task.split.unseen)
    features, labels = task.test_unseen.features, task.test_unseen.labels
    right = ids[trained.unseen_probabilities(features, vectors).argmax(1)] == labels
    if name != "taught" or not isinstance(trained, TrainedTaught):
        return float(right.mean()), []
    rows, columns = np.arange(len(labels)), np.searchsorted(ids, labels)
    losses = []
    for temperature in TEMPERATURES:
        settings = trained.settings.model_copy(update={"temperature": temperature})
        found = replace(trained, settings=settings).unseen_probabilities(features, vectors)[rows, columns]
        losses.append(float(-np.log(found.clip(1e-9)).mean()))
    return float(right.mean()), losses


def summary(values: list[float]) -> dict[str, float | list[float]]:
    """Mean and standard error over splits, in percent, and each."""
    percent = 100 * np.array(values)
    error = percent.std(ddof=1) / len(percent) ** 0.5
    return {
        "mean": round(float(percent.mean()), 2),
        "error": round(float(error), 2),
        "each": [round(v, 1) for v in percent.tolist()],
    }


def main() -> None:
    """Measure every candidate, print a table, and write it after each data set and text."""
    parser = argparse.ArgumentParser(description="Choose the numbers of the preset taught on held-out classes.")
    parser.add_argument("utd_mhad", type=Path, nargs="?")
    parser.add_argument("msr_action3d", type=Path, nargs="?")
    parser.add_argument("--generated", action="store_true", help="on generated motion in place of both")
    parser.add_argument("--out", type=Path, default=Path("results/choose_taught.json"))
    parser.add_argument("--splits", type=int, default=20, help="at most as many as a data set has")
    parser.add_argument("--candidates", nargs="+", default=list(CANDIDATES), choices=list(CANDIDATES))
    chosen = parser.parse_args()
    folders = {"utd_mhad": chosen.utd_mhad, "msr_action3d": chosen.msr_action3d}
    if chosen.generated:
        folders = {GENERATED: None}
    elif None in folders.values():
        parser.error("give the folders of both data sets, or --generated")
    torch.set_num_threads(1)
    encoder, material = load_text_encoder("minilm"), make_material()
    report: dict[str, dict] = {}
    for dataset, folder in folders.items():
        clips = clips_of(dataset, folder)
        for text, mode in TEXTS.items():
            found: dict[str, list[float]] = {}
            losses = []
            for level in levels(dataset, clips, material, encoder, mode, chosen.splits):
                for name in chosen.candidates:
                    accuracy, by_temperature = scored(name, CANDIDATES[name], level)
                    found.setdefault(name, []).append(accuracy)
                    losses += [by_temperature] if by_temperature else []
            rows = {name: summary(values) for name, values in found.items()}
            report[f"{dataset}, {text}"] = {"zsl": rows}
            if losses:
                means = np.mean(losses, axis=0).round(3).tolist()
                report[f"{dataset}, {text}"]["log_loss"] = dict(zip(map(str, TEMPERATURES), means, strict=True))
            for name, row in rows.items():
                print(f"{dataset:13s} {text:13s} {name:22s} {row['mean']:5.1f} +- {row['error']:.1f}", flush=True)
            write_json(chosen.out, report)


if __name__ == "__main__":
    main()
