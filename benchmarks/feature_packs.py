"""Run methods on the real feature packs and compare the `published` preset with the published code's scores.

    python benchmarks/feature_packs.py PACKS --out results/feature_packs.json

Setting of the recorded scores: latent 224, style 16, batch 32, n_d 7, rate 1e-3, 10 epochs of 50 iterations. For every
pack, text and seed it records ZSL accuracy at the last epoch and at the best epoch on test (the oracle of published
numbers), and GZSL with both gates at the last epoch. Test-level numbers are reported here and used for no choice:
choose_sadvae.py chooses.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from sadvae.evaluation.evaluate import calibrate_gate, evaluate
from sadvae.evaluation.selection import TrainedLevels, zsl_accuracy
from sadvae.features.published import find_layouts, read_published, read_texts
from sadvae.files import read_json, write_json
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.protocol import Method
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE
from sadvae.methods.settings import paper, published, sadvae
from sadvae.task import ZeroShotTask
from sadvae.text.class_lists import class_texts
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import load_text_encoder

SEEDS = (5, 6, 7)
PACK_SETTING = {
    "latent": 224,
    "style": 16,
    "batch_size": 32,
    "discriminator_every": 7,
    "learning_rate": 1e-3,
    "epochs": 10,
    "iterations_per_epoch": 50,
}


def methods() -> dict[str, tuple[Method, str]]:
    """Methods by name, each with its gate."""
    return {
        "published": (SADVAE(published(**PACK_SETTING)), "published"),
        "paper": (SADVAE(paper(**PACK_SETTING)), "max_probability"),
        "sadvae": (SADVAE(sadvae()), "max_probability"),
        "ridge": (RidgeNearestText(), "max_probability"),
        "eszsl": (ESZSL(), "max_probability"),
    }


def load_task(pack: Path, text: str) -> ZeroShotTask:
    """The zero-shot task of a pack with one kind of text."""
    layout = find_layouts(pack)[0]
    texts = read_texts(layout, text)
    return read_published(layout, len(texts.ids)).task(texts)


def with_parts(task: ZeroShotTask, dataset: str) -> ZeroShotTask:
    """The task with vectors of verbs and nouns, which the packs lack: MiniLM's, of our class names."""
    made = embed_classes(class_texts(dataset), load_text_encoder("minilm"), mode="names")
    classes = replace(task.classes, verbs=made.verbs, nouns=made.nouns)
    lower = replace(task.calibration, classes=classes) if task.calibration else None
    return replace(task, classes=classes, calibration=lower)


def run_one(pack: Path, text: str, seed: int) -> list[dict]:
    """All methods on one pack, text and seed."""
    import torch

    torch.set_num_threads(1)
    task = load_task(pack, text)
    found = {"pack": pack.name, "text": text, "seed": seed}
    return [found | score(task, name, *entry, seed) for name, entry in methods().items()]


def score(task: ZeroShotTask, name: str, method: Method, gate_kind: str, seed: int) -> dict:
    """ZSL accuracy at the last epoch and at the best on test, and H at the last epoch, of one training."""
    names = tuple(map(str, range(max(task.split.classes) + 1)))
    curve: list[float] = []
    trained = method.fit(task, seed, lambda _epoch, each, _losses: curve.append(zsl_accuracy(each, task)))
    lower = method.fit(task.calibration, seed) if task.calibration else None
    levels = TrainedLevels(trained, lower, len(curve) - 1, [], [])
    row = {"method": name, "zsl_last": curve[-1], "zsl_oracle": max(curve)}
    for kind in sorted({gate_kind, "max_probability"}):
        gate = calibrate_gate(kind, levels, task, seed)
        result = evaluate(
            levels.trained, gate, task, names, method=name, preset=None, selection="last_step", epoch=levels.epoch
        )
        row[f"H_{kind}"] = result.harmonic_mean
    return row


def compare(rows: list[dict], recorded: dict) -> dict[str, dict[str, float]]:
    """Paired differences of our published preset and the published code, in points, over packs (seeds averaged)."""
    found = {}
    for key, theirs in (("zsl_last", "last_epoch"), ("zsl_oracle", "best_epoch_on_test")):
        pairs: dict[str, list[float]] = {}
        spread: dict[str, list[float]] = {}
        for row in rows:
            if row["method"] == "published":
                score = recorded[row["pack"]][row["text"]][str(row["seed"])][theirs]
                pairs.setdefault(f"{row['pack']}/{row['text']}", []).append(100 * row[key] - score)
                spread.setdefault(f"{row['pack']}/{row['text']}", []).append(score)
        means = np.array([np.mean(v) for v in pairs.values()])
        seed_error = np.sqrt(np.mean([np.var(v, ddof=1) for v in spread.values()]) * 2 / len(SEEDS) / len(means))
        found[key] = {
            "mean_difference": round(float(means.mean()), 2),
            "standard_error": round(float(means.std(ddof=1) / np.sqrt(len(means))), 2),
            "expected_from_seeds": round(float(seed_error), 2),
            "pairs": len(means),
        }
    return found


def advantages(rows: list[dict]) -> dict[str, dict[str, float]]:
    """Paired differences of the sadvae preset and each other method, in points, over packs (seeds averaged)."""
    found: dict[str, dict[str, float]] = {}
    for text in sorted({row["text"] for row in rows}):
        for key in ("zsl_last", "H_max_probability"):
            ours = pack_means(rows, "sadvae", text, key)
            for other in sorted({row["method"] for row in rows} - {"sadvae"}):
                difference = ours - pack_means(rows, other, text, key)
                error = difference.std(ddof=1) / np.sqrt(len(difference))
                found[f"{key}, {text}, sadvae - {other}"] = {
                    "mean_difference": round(float(difference.mean()), 1),
                    "standard_error": round(float(error), 1),
                }
    return found


def pack_means(rows: list[dict], method: str, text: str, key: str) -> np.ndarray:
    """Percentages by pack, seeds averaged."""
    mine = [row for row in rows if row["method"] == method and row["text"] == text]
    packs = sorted({row["pack"] for row in mine})
    return np.array([100 * np.mean([row[key] for row in mine if row["pack"] == pack]) for pack in packs])


def summary(rows: list[dict]) -> dict[str, dict[str, float]]:
    """Mean percentages by method and text over packs and seeds."""
    keys = ("zsl_last", "zsl_oracle", "H_max_probability", "H_published")
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(f"{row['method']}/{row['text']}", {})
    for name, entry in found.items():
        mine = [r for r in rows if f"{r['method']}/{r['text']}" == name]
        for key in keys:
            if key in mine[0]:
                entry[key] = round(100 * float(np.mean([r[key] for r in mine])), 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/feature_packs.json"))
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    recorded = read_json(arguments.packs / "published_results.json")["results"]
    jobs = [(arguments.packs / pack, text, seed) for pack in recorded for text in recorded[pack] for seed in SEEDS]
    with ProcessPoolExecutor(arguments.workers) as pool:
        rows = [row for found in pool.map(run_one, *zip(*jobs, strict=True)) for row in found]
    report = {
        "comparison": compare(rows, recorded),
        "summary": summary(rows),
        "advantages": advantages(rows),
        "rows": rows,
    }
    write_json(arguments.out, report)
    print(json.dumps({k: report[k] for k in ("comparison", "summary", "advantages")}, indent=1))


if __name__ == "__main__":
    main()
