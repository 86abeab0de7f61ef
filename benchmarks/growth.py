"""How the cost of a training grows: ten times the clips, classes or runs, and twice the width of features.

    python benchmarks/growth.py --out results/growth.json --plot docs/growth.png

The base is the size of train.py (NTU RGB+D 60) under the preset `sadvae`; each other case changes one number. Measured
are the set-up (statistics of the features, texts' span, start weights), a step, and one unseen decision on 1,356 clips,
in processor seconds of one thread, and the memory that all this adds to the process and its data. All cases are stacks
(stacked.py), most of them of a single run. The cases take turns, and the least of the turns counts, so that load from
elsewhere meets all alike. A training is four epochs of 50 steps (preset) or four passes over all clips; both are
projected from the step.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from encoders import Machine, described, forget_peak, peak_mb

from sadvae.files import write_json
from sadvae.methods.settings import sadvae
from sadvae.methods.stacked import Stack, StackedRun
from sadvae.task import ZeroShotTask
from sadvae.types import ClassEmbeddings, ClassSplit, FeatureSet

UNSEEN, TEST_CLIPS, D_TEXT, STEPS = 5, 1_356, 1_024, 50


@dataclass(frozen=True)
class Case:
    """Sizes of a case: clips, seen classes, runs of one stack, and the width of features."""

    name: str
    clips: int = 36_768
    classes: int = 55
    runs: int = 1
    width: int = 256


BASE = Case("base")
CASES = (
    BASE,
    replace(BASE, name="10 times the clips", clips=10 * BASE.clips),
    replace(BASE, name="10 times the classes", classes=10 * BASE.classes),
    replace(BASE, name="10 times the runs", runs=10),
    replace(BASE, name="twice the width", width=2 * BASE.width),
)


def task_of(case: Case) -> ZeroShotTask:
    """Random clips of a case."""
    rng = np.random.default_rng(0)
    seen = tuple(range(case.classes))
    unseen = tuple(range(case.classes, case.classes + UNSEEN))

    def part(name: str, count: int, classes: tuple[int, ...]) -> FeatureSet:
        features = rng.standard_exponential((count, case.width), np.float32)
        return FeatureSet(features, np.resize(np.array(classes), count), tuple(f"{name}{i}" for i in range(count)))

    parts = part("train", case.clips, seen), part("seen", 1, seen), part("unseen", TEST_CLIPS, unseen)
    texts = rng.standard_normal((len(seen) + UNSEEN, D_TEXT), np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    vectors = ClassEmbeddings((*seen, *unseen), texts, "random", "random")
    return ZeroShotTask(ClassSplit("random", seen, unseen), *parts, vectors, allow=("unknown_encoder",))


def turn(machine: Machine, case: Case, task: ZeroShotTask) -> np.ndarray:
    """Seconds of the set-up of a training, of STEPS steps, and of one unseen decision."""
    settings, times = sadvae(iterations_per_epoch=STEPS), [machine.clock()]
    stack = Stack([StackedRun(task, settings, seed) for seed in range(case.runs)], range(case.runs), machine.device)
    times.append(machine.clock())
    stack.epoch(0)
    times.append(machine.clock())
    trained = stack.members[0].snapshot(0)
    trained.unseen_probabilities(task.test_unseen.features, task.classes.of(task.split.unseen))
    return np.diff([*times, machine.clock()])


def memory(case: Case) -> float | None:
    """MiB that a training takes beside its data."""
    machine, task = Machine(torch.device("cpu"), 0.0, {}), task_of(case)
    forget_peak(machine)
    before = peak_mb(machine)
    turn(machine, case, task)
    after = peak_mb(machine)
    return None if before is None or after is None else round(after - before, 1)


def row(case: Case, spent: np.ndarray) -> dict[str, Any]:
    """What the report says of a case; whole trainings are projected."""
    start, many, decision = spent
    step = many / STEPS
    settings = sadvae()
    passes = settings.epochs * case.clips / settings.batch_size
    command = [sys.executable, __file__, "--memory", case.name]
    measured = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    steps = settings.epochs * (settings.iterations_per_epoch or 0)
    return {
        "clips": case.clips,
        "classes": case.classes,
        "runs": case.runs,
        "width": case.width,
        "set_up_seconds": round(start, 3),
        "ms_per_step": round(1e3 * step, 3),
        "decision_seconds": round(case.runs * decision, 3),
        "preset_seconds": round(start + steps * step + case.runs * decision, 2),
        "four_passes_seconds": round(start + passes * step + case.runs * decision, 1),
        "memory_mb": None if measured == "None" else float(measured),
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The rows as a Markdown table; in brackets, times the base."""
    heads = ("", "set-up s", "ms a step", "decision s", "s, preset", "s, 4 passes", "MiB")
    keys = ("set_up_seconds", "ms_per_step", "decision_seconds", "preset_seconds", "four_passes_seconds", "memory_mb")
    base = next(iter(rows.values()))
    lines = [f"| {' | '.join(heads)} |", "|---|" + "--:|" * len(keys)]
    for name, found in rows.items():
        cells = [
            f"{found[key]:g} ({found[key] / base[key]:.1f})" if found is not base else f"{base[key]:g}" for key in keys
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(rows: dict[str, dict[str, Any]], target: Path) -> None:
    """Bars: how many times the base each case takes, on a logarithmic scale."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    base, *others = rows.items()
    shown = {
        "set-up": "set_up_seconds",
        "a step": "ms_per_step",
        "a training, preset": "preset_seconds",
        "a training, 4 passes": "four_passes_seconds",
        "memory": "memory_mb",
    }
    figure, axes = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
    places = np.arange(len(others))
    for number, (label, key) in enumerate(shown.items()):
        heights = [found[key] / base[1][key] for _, found in others]
        bars = axes.bar(places + (number - 2) * 0.16, heights, 0.15, label=label, color=f"C{number}")
        axes.bar_label(bars, fmt="%.1f", fontsize=7, padding=1)
    axes.set_yscale("log")
    axes.set_ylim(0.5, 30)
    axes.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    axes.minorticks_off()
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks(places, [name for name, _ in others])
    axes.set_ylabel("times the base")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, ncols=5, loc="upper center", bbox_to_anchor=(0.5, 1.14))
    figure.savefig(target, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/growth.json"))
    parser.add_argument("--plot", type=Path, default=Path("docs/growth.png"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.memory:
        print(memory(next(case for case in CASES if case.name == arguments.memory)))
        return
    machine = Machine(torch.device("cpu"), 0.0, {})
    about, tasks = described(machine), [task_of(case) for case in CASES]
    turns = [[turn(machine, *both) for both in zip(CASES, tasks, strict=True)] for _ in range(arguments.rounds)]
    least = np.min(turns, axis=0)
    rows = {case.name: row(case, spent) for case, spent in zip(CASES, least, strict=True)}
    write_json(arguments.out, {"machine": about, "timed_steps": STEPS, "rounds": arguments.rounds, "rows": rows})
    plot(rows, arguments.plot)
    print(table(rows))


if __name__ == "__main__":
    main()
