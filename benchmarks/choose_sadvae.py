"""Choose the numbers of the `sadvae` preset on held-out classes of the calibration level; no test clip is looked at.

    python benchmarks/choose_sadvae.py PACKS --out results/choose_sadvae.json

Trains candidates on the calibration level of every pack and text (its training part alone) and scores them on that
level's held-out classes, for three seeds, after every epoch, under every unseen rule that draws nothing. Candidates
differ from BASE in one setting each. The baselines and the published preset stand beside them, trained the same way.
The temperature changes no answer; it is chosen by the log loss of BASE with the rule `both`. --temperatures measures
that alone, and keeps the rest of an earlier report.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from feature_packs import PACK_SETTING, load_task

from sadvae.evaluation.selection import zsl_accuracy
from sadvae.files import read_json, write_json
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.protocol import Method
from sadvae.methods.ridge import RidgeNearestText
from sadvae.methods.sa_dvae import SADVAE, TrainedSADVAE
from sadvae.methods.settings import published, sadvae
from sadvae.task import ZeroShotTask

SEEDS = (0, 1, 2)
TEXTS = ("lb", "motion")
TEMPERATURES = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
RULES = ("cosine", "gaussian", "reconstruction", "decoded", "generated", "both")
BASE = {
    "latent": 160,
    "style": 8,
    "batch_size": 64,
    "epochs": 4,
    "iterations_per_epoch": 50,
    "learning_rate": 1e-3,
    "kl_weight": 0.01,
    "cross_weight": 3.0,
    "total_correlation_weight": 0.1,
}
CHANGES: dict[str, dict] = {
    "base": {},
    "kl_weight 0.1": {"kl_weight": 0.1},
    "kl_weight 0.001": {"kl_weight": 0.001},
    "cross_weight 1": {"cross_weight": 1.0},
    "cross_weight 10": {"cross_weight": 10.0},
    "latent 64": {"latent": 64},
    "latent 320": {"latent": 320},
    "style 2": {"style": 2},
    "style 32": {"style": 32},
    "no total correlation": {"total_correlation_weight": 0.0},
    "total correlation 1": {"total_correlation_weight": 1.0},
    "learning_rate 3e-4": {"learning_rate": 3e-4},
    "learning_rate 3e-3": {"learning_rate": 3e-3},
    "batch 32": {"batch_size": 32},
    "not standardised": {"standardise": False},
    "paper's schedule": {"schedule": "paper"},
    "ReLU decoders": {"decoder_output": "relu"},
    "one noise scalar a sample": {"noise": "per_sample"},
}

Scores = dict[str, list[float]]


def calibration_tasks(packs: Path) -> dict[tuple[str, str], ZeroShotTask]:
    """The calibration level of every pack and text."""
    names = sorted(path.name for path in packs.iterdir() if path.is_dir())
    tasks = {(name, text): load_task(packs / name, text).calibration for name in names for text in TEXTS}
    return {key: task for key, task in tasks.items() if task is not None}


def under_rule(trained: TrainedSADVAE, rule: str) -> TrainedSADVAE:
    """The same training with another unseen rule."""
    return replace(trained, settings=trained.settings.model_copy(update={"unseen_rule": rule}))


def rule_scores(trained: TrainedSADVAE, task: ZeroShotTask) -> dict[str, float]:
    """Accuracy on the held-out classes by unseen rule; rules are applied to one training."""
    return {rule: zsl_accuracy(under_rule(trained, rule), task) for rule in RULES}


def score_candidate(changes: dict, tasks: dict[tuple[str, str], ZeroShotTask]) -> dict:
    """Means by epoch, rule and text of one candidate, in per cent, with the seconds of one training."""
    started = time.perf_counter()
    found: dict[str, Scores] = {}
    for (_, text), task in tasks.items():
        for seed in SEEDS:

            def watch(
                epoch: int, trained, _losses: dict[str, float], text: str = text, task: ZeroShotTask = task
            ) -> None:
                for rule, value in rule_scores(trained, task).items():
                    found.setdefault(f"epoch {epoch + 1}, {rule}", {}).setdefault(text, []).append(100 * value)

            SADVAE(sadvae(**(BASE | changes))).fit(task, seed, watch)
    seconds = (time.perf_counter() - started) / len(tasks) / len(SEEDS)
    return {"seconds": round(seconds, 1), "scores": {name: means(scores) for name, scores in found.items()}}


def means(scores: Scores) -> dict[str, float]:
    """Means by text, and of both."""
    by_text = {text: float(np.mean(values)) for text, values in scores.items()}
    return {key: round(value, 1) for key, value in (by_text | {"mean": float(np.mean(list(by_text.values())))}).items()}


def score_reference(method: Method, tasks: dict[tuple[str, str], ZeroShotTask], seeds: tuple[int, ...]) -> dict:
    """A baseline's means by text, in per cent."""
    found: Scores = {}
    for (_, text), task in tasks.items():
        found.setdefault(text, []).extend(100 * zsl_accuracy(method.fit(task, seed), task) for seed in seeds)
    return means(found)


def best_of(candidates: dict[str, dict]) -> list[dict]:
    """All candidates by epoch and rule, best mean first."""
    rows = [
        {"candidate": name, "setting": setting, **scores}
        for name, candidate in candidates.items()
        for setting, scores in candidate["scores"].items()
    ]
    return sorted(rows, key=lambda row: -row["mean"])


def temperature_losses(tasks: dict[tuple[str, str], ZeroShotTask]) -> dict[str, float]:
    """The mean log loss of BASE on held-out classes by temperature, first seed."""
    found: dict[float, list[float]] = {temperature: [] for temperature in TEMPERATURES}
    for task in tasks.values():
        trained = SADVAE(sadvae(**BASE, unseen_rule="both")).fit(task, SEEDS[0])
        column = np.searchsorted(task.split.unseen, task.test_unseen.labels)
        for temperature, losses in found.items():
            settings = trained.settings.model_copy(update={"temperature": temperature})
            p = TrainedSADVAE(settings, trained.networks, 0).unseen_probabilities(
                task.test_unseen.features, task.classes.of(task.split.unseen)
            )
            losses.append(float(-np.log(p[np.arange(len(column)), column]).mean()))
    return {str(temperature): round(float(np.mean(losses)), 3) for temperature, losses in found.items()}


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/choose_sadvae.json"))
    parser.add_argument("--temperatures", action="store_true", help="measure the temperature alone")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tasks = calibration_tasks(arguments.packs)
    if arguments.temperatures:
        report = read_json(arguments.out) | {"log_loss_by_temperature": temperature_losses(tasks)}
        write_json(arguments.out, report)
        print(json.dumps(report["log_loss_by_temperature"]))
        return
    references = {
        "ridge": score_reference(RidgeNearestText(), tasks, SEEDS),
        "eszsl": score_reference(ESZSL(), tasks, (0,)),
        "published": score_reference(SADVAE(published(**PACK_SETTING)), tasks, SEEDS),
    }
    print(json.dumps(references), flush=True)
    candidates = {}
    for name, changes in CHANGES.items():
        candidates[name] = score_candidate(changes, tasks)
        last = {rule: candidates[name]["scores"][f"epoch {BASE['epochs']}, {rule}"]["mean"] for rule in RULES}
        print(name, candidates[name]["seconds"], "s", last, flush=True)
    ranking = best_of(candidates)
    report = {
        "base": BASE,
        "seeds": list(SEEDS),
        "references": references,
        "best": ranking[:10],
        "log_loss_by_temperature": temperature_losses(tasks),
        "candidates": candidates,
    }
    write_json(arguments.out, report)
    print(json.dumps(ranking[:10], indent=1))


if __name__ == "__main__":
    main()
