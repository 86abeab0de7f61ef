"""Choose the prior of temperatures on calibration levels alone.

    python benchmarks/choose_temperature.py PACKS --out results/choose_temperature.json

PACKS: the folder of real feature packs that benchmarks/feature_packs.py reads. For each pack and method a temperature
is fitted on the clips of some held-out classes and scored, by the mean negative log-likelihood, on those of the others;
every division of the held-out classes in two (at most 12 of a size) counts. The deviation with the lowest mean over
packs is chosen. What it does to the calibration error of unseen classes is reported beside it, and chooses nothing.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from itertools import combinations, islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from sadvae.evaluation.metrics import expected_calibration_error
from sadvae.evaluation.selection import LastStep, train_levels
from sadvae.features.published import find_layouts, read_published
from sadvae.files import write_json
from sadvae.methods.calibration import DEVIATION, fit_temperature, logits_of, tempered
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.protocol import Method, Trained, class_vectors
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import sadvae
from sadvae.task import ZeroShotTask
from sadvae.text.class_lists import class_texts
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import load_text_encoder
from sadvae.types import FeatureSet, IntArray

DEVIATIONS = (0.125, 0.25, 0.5, 1.0, 2.0)
DATASETS = {"utd": "utd_mhad", "msr": "msr_action3d"}
METHODS: dict[str, Method] = {"eszsl": ESZSL(), "ridge": RidgeNearestText(), "sadvae": SADVAE(sadvae())}
Scored = tuple[NDArray[np.float64], IntArray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/choose_temperature.json"))
    chosen = parser.parse_args()
    fits: list[float | None] = [None, *DEVIATIONS]
    losses, errors, names, divisions = [], [], [], 0
    for name, task in tasks(chosen.packs):
        found = [of_method(method, task, fits) for method in METHODS.values()]
        divisions += sum(len(one) for one, _ in found)
        losses.append(np.concatenate([one for one, _ in found]).mean(axis=0))
        errors.append(np.mean([error for _, error in found], axis=0))
        names.append(name)
        print(name, flush=True)
    mean, best = np.mean(losses, axis=0), int(np.mean(losses, axis=0).argmin())
    gaps = np.array(losses) - np.array(losses)[:, [best]]
    margin = gaps.std(axis=0, ddof=1) / np.sqrt(len(gaps))
    rows = [
        {
            "deviation": deviation,
            "held_out_loss": round(float(mean[i]), 4),
            "above_best": round(float(gaps[:, i].mean()), 4),
            "standard_error": round(float(margin[i]), 4),
            "unseen_calibration_error": round(float(np.mean(errors, axis=0)[i]), 4),
        }
        for i, deviation in enumerate(fits)
    ]
    picked = fits[best]
    print(*rows, f"chosen {picked}, in use {DEVIATION}", sep="\n")
    about = {"packs": names, "methods": list(METHODS), "divisions": divisions}
    write_json(chosen.out, {**about, "rows": rows, "chosen": picked})


def of_method(method: Method, task: ZeroShotTask, fits: list[float | None]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Held-out losses [division, deviation] of one method, and its calibration errors on unseen classes [deviation]."""
    levels, lower = train_levels(method, task, 0, LastStep()), task.calibration
    assert lower is not None
    assert levels.calibration is not None
    losses = [
        [loss(other, temperature(one, deviation)) for deviation in fits]
        for one, other in halves(levels.calibration, lower)
    ]
    held = scored(levels.calibration, lower, lower.split.unseen)
    test = scored(levels.trained, task, task.split.unseen)
    return np.array(losses), np.array([error(test, temperature(held, deviation)) for deviation in fits])


def tasks(packs: Path) -> Iterator[tuple[str, ZeroShotTask]]:
    """The packs with our descriptions as texts."""
    encoder = load_text_encoder("minilm")
    for pack in sorted(path for path in packs.iterdir() if path.is_dir()):
        texts = class_texts(DATASETS[pack.name[:3]])
        for layout in find_layouts(pack):
            yield (
                pack.name,
                read_published(layout, len(texts.ids)).task(embed_classes(texts, encoder, mode="descriptions")),
            )


def halves(trained: Trained, lower: ZeroShotTask) -> Iterator[tuple[Scored, Scored]]:
    """Clips of some held-out classes and those of the others, each asked about their own side."""
    ids = lower.split.unseen
    for size in range(2, len(ids) - 1):
        for some in islice(combinations(ids, size), 12):
            yield scored(trained, lower, some), scored(trained, lower, tuple(i for i in ids if i not in some))


def scored(trained: Trained, task: ZeroShotTask, ids: tuple[int, ...]) -> Scored:
    """Logits of unseen clips of the classes ids with these as candidates, and the true columns."""
    part: FeatureSet = task.test_unseen
    kept = np.isin(part.labels, ids)
    found = trained.unseen_probabilities(part.features[kept], class_vectors(trained, task.classes, ids))
    return logits_of(found), np.array([ids.index(label) for label in part.labels[kept].tolist()])


def temperature(side: Scored, deviation: float | None) -> float:
    """The temperature of some clips, 1 for no deviation; classes count as evidence."""
    return 1.0 if deviation is None else fit_temperature(*side, len(np.unique(side[1])), deviation)


def loss(side: Scored, value: float) -> float:
    """The mean negative log-likelihood under a temperature."""
    logits, columns = side
    return float(-log_softmax(logits / value, axis=1)[np.arange(len(columns)), columns].mean())


def error(side: Scored, value: float) -> float:
    """The expected calibration error under a temperature."""
    probabilities = tempered(side[0], value)
    return expected_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == side[1])


if __name__ == "__main__":
    main()
