"""What stacking costs and gains: 1 to 512 runs of SA-DVAE trained as one, at the size of NTU RGB+D 60.

    python benchmarks/stacked.py --out results/stacked.json            (a CPU: few steps, the rest is projected)
    python benchmarks/stacked.py --device cuda --steps 100 --minutes 9 --whole 128 --out results/stacked_gpu.json

Sizes and random data are those of train.py; every run has a seed of its own and all share the clips. Of each stack, the
start (weights, data), two short epochs and the end (trained methods) are timed; the second epoch is what steps take. On
a CPU the processor's time of one thread counts, on a GPU the clock. The yardstick (published_loop.py) and a run alone
(new_training and train_epoch) are timed in the same process. Memory is what a stack adds at most to the process (on a
GPU: on the device); a run's is the difference to the next smaller stack, beside what stacked_shape.py states. Small
stacks stay below what the statistics of the features take for a moment. The draws, which come from the CPU whatever the
device, are timed once more by themselves. Whole trainings are projected. Stacks that do not fit, and those that come
after so many minutes, are left out and named; what is measured is written after every stack. With --whole, stacks of
`published` are trained from their start to their end; a yardstick's whole training has ten unseen decisions more.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from encoders import Machine, described, forget_peak, peak_mb
from published_loop import PublishedLoop
from train import BATCH, CLASSES, CLIPS, D_SKELETON, D_TEXT, UNSEEN, Inputs

from sadvae.files import write_json
from sadvae.methods.sa_dvae import SADVAE, new_training, raw_data, train_epoch
from sadvae.methods.settings import SADVAESettings, preset
from sadvae.methods.stacked import Stack, StackedRun, fit_stacked, free_bytes
from sadvae.methods.stacked_shape import RunShape, device_bytes, host_bytes
from sadvae.task import ZeroShotTask
from sadvae.types import ClassEmbeddings, ClassSplit, FeatureSet

COMPARED_STEPS = 20
SETTINGS_STEPS = {"sadvae": 200, "published": CLIPS // BATCH * 10}


def task_of(inputs: Inputs) -> ZeroShotTask:
    """Random clips as a task; half of the test clips are of seen classes."""
    seen, unseen = tuple(range(CLASSES)), tuple(range(CLASSES, CLASSES + UNSEEN))

    def part(name: str, features: np.ndarray, labels: np.ndarray) -> FeatureSet:
        return FeatureSet(features, labels, tuple(f"{name}{i}" for i in range(len(labels))))

    first, second = np.array_split(inputs.test, 2)
    parts = (
        part("train", inputs.features, inputs.labels),
        part("seen", first, np.resize(np.array(seen), len(first))),
        part("unseen", second, np.resize(np.array(unseen), len(second))),
    )
    vectors = ClassEmbeddings((*seen, *unseen), inputs.texts, "random", "random")
    return ZeroShotTask(ClassSplit("random", seen, unseen), *parts, vectors, allow=("unknown_encoder",))


def draws_alone(machine: Machine, stack: Stack, steps: int) -> float:
    """Seconds that making the inputs of a step takes for all runs of a stack; nothing trains."""
    members = stack.members
    orders = torch.stack([torch.arange(steps * members[0].run.settings.batch_size) for _ in members])
    start = machine.clock()
    made = sum(1 for _ in stack.blocks.of_epoch(0, orders))
    return (machine.clock() - start) / made


def too_large(machine: Machine, task: ZeroShotTask, name: str, count: int) -> bool:
    """Whether so many runs do not fit into what memory is free."""
    shape, cpu = RunShape.of(StackedRun(task, preset(name), 0)), torch.device("cpu")
    if machine.device.type == "cpu":
        return count * (host_bytes(shape) + device_bytes(shape)) > free_bytes(cpu)
    return count * host_bytes(shape) > free_bytes(cpu) or count * device_bytes(shape) > free_bytes(machine.device)


def runs_of(task: ZeroShotTask, settings: SADVAESettings, count: int, steps: int) -> list[StackedRun]:
    """Runs of short epochs, each from its own seed."""
    short = settings.model_copy(update={"epochs": 2, "iterations_per_epoch": steps})
    return [StackedRun(task, short, seed) for seed in range(count)]


def alone(machine: Machine, task: ZeroShotTask, settings: SADVAESettings, steps: int) -> float:
    """Seconds of a step of a run that trains by itself."""
    generator = torch.Generator().manual_seed(0)
    trainer, data, _ = new_training(raw_data(task), settings, generator)
    trainer.settings = settings.model_copy(update={"iterations_per_epoch": steps})
    train_epoch(trainer, data, 0, generator)
    start = machine.clock()
    train_epoch(trainer, data, 1, generator)
    return (machine.clock() - start) / steps


def yardstick(machine: Machine, inputs: Inputs, steps: int) -> tuple[float, float]:
    """Seconds of a step of 32 clips of the published loop, and of one unseen decision, on the same device."""
    torch.manual_seed(0)
    loop = PublishedLoop(inputs.features, inputs.labels, inputs.texts[:CLASSES], str(machine.device))
    loop.epoch(4, 5)
    times = [machine.clock()]
    loop.epoch(4, steps)
    times.append(machine.clock())
    loop.evaluate(inputs.test, inputs.unseen)
    times.append(machine.clock())
    step, decision = np.diff(times).tolist()
    return step / steps, decision


def whole(machine: Machine, task: ZeroShotTask, count: int) -> dict[str, float]:
    """Seconds of so many whole trainings of the preset `published` as one stack, from raw data to trained methods."""
    settings, start = preset("published"), machine.clock()
    trained = fit_stacked([StackedRun(task, settings, seed) for seed in range(count)], str(machine.device))
    assert len(trained) == count
    return {"runs": count, "seconds": round(machine.clock() - start, 1)}


def row(
    machine: Machine, task: ZeroShotTask, name: str, count: int, steps: int, reference: tuple[float, float]
) -> dict[str, Any]:
    """What the report says of a stack; reference: seconds of a yardstick's step, and of a step alone."""
    yard, single = reference
    settings = preset(name)
    forget_peak(machine)
    before = peak_mb(machine)
    times = [machine.clock()]
    stack = Stack(runs_of(task, settings, count, steps), range(count), machine.device)
    for epoch in range(2):
        times.append(machine.clock())
        stack.epoch(epoch)
    times.append(machine.clock())
    stack.trainer.give_back()
    kept = [member.snapshot(0) for member in stack.members]
    times.append(machine.clock())
    after = peak_mb(machine)
    assert len(kept) == count
    draws = draws_alone(machine, stack, min(20, steps))
    begin, _, second, end = np.diff(times).tolist()
    step = second / steps / count
    start = (begin + end) / count
    clips32 = step * BATCH / settings.batch_size
    shape = RunShape.of(StackedRun(task, settings, 0))
    stated = device_bytes(shape) + (host_bytes(shape) if machine.device.type == "cpu" else 0)
    return {
        "preset": name,
        "runs": count,
        "timed_steps": steps,
        "ms_per_step_and_run": round(1e3 * step, 3),
        "ms_per_32_clips_and_run": round(1e3 * clips32, 3),
        "times_yardstick": round(yard / clips32, 2),
        "times_alone": round(single / step, 2),
        "draws_ms_per_step_and_run": round(1e3 * draws / count, 3),
        "set_up_ms_per_run": round(1e3 * start, 1),
        "projected_seconds_per_training": round(start + SETTINGS_STEPS[name] * step, 2),
        "projected_seconds_per_stack": round(count * (start + SETTINGS_STEPS[name] * step), 1),
        "memory_mb": None if before is None or after is None else round(after - before, 1),
        "stated_mb_per_run": round(stated / 2**20, 2),
    }


def with_memory_by_run(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one preset with what each run takes that a stack has more than the next smaller one."""

    def of(row: dict[str, Any], smaller: dict[str, Any]) -> float | None:
        if row is smaller or row["memory_mb"] is None:
            return None
        return round((row["memory_mb"] - smaller["memory_mb"]) / (row["runs"] - smaller["runs"]), 2)

    return [
        row | {"memory_mb_per_run": of(row, smaller)} for row, smaller in zip(rows, [*rows[:1], *rows], strict=False)
    ]


def differences(machine: Machine, task: ZeroShotTask, name: str) -> dict[str, float]:
    """Differences of weights between stacked runs and the same runs alone (on the CPU), relative to 1.

    Adam multiplies rounding where a gradient is almost 0, so double precision says whether the two are the same.
    """
    found = {}
    for precision in (torch.float32, torch.float64):
        torch.set_default_dtype(precision)
        errors = errors_of(runs_of(in_precision(task, precision), preset(name), 3, COMPARED_STEPS), machine)
        kind = str(precision).removeprefix("torch.")
        found[f"{kind}, largest"] = float(errors.max())
        found[f"{kind}, share above 1e-5"] = float((errors > 1e-5).double().mean())
    torch.set_default_dtype(torch.float32)
    return found


def errors_of(runs: Sequence[StackedRun], machine: Machine) -> torch.Tensor:
    """The differences of all weights of all runs."""
    errors = []
    for run, stacked in zip(runs, fit_stacked(runs, str(machine.device)), strict=True):
        for name, weight in SADVAE(run.settings).fit(run.task, run.seed).weights().items():
            errors.append(((stacked.weights()[name] - weight).abs() / weight.abs().clamp(min=1)).flatten())
    return torch.cat(errors)


def in_precision(task: ZeroShotTask, precision: torch.dtype) -> ZeroShotTask:
    """A task with numbers of another precision."""
    kind = torch.empty((), dtype=precision).numpy().dtype
    parts = [replace(part, features=part.features.astype(kind)) for part in task.parts]
    named = dict(zip(("train", "test_seen", "test_unseen"), parts, strict=True))
    return replace(task, **named, classes=replace(task.classes, vectors=task.classes.vectors.astype(kind)))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    heads = (
        "preset",
        "runs",
        "ms a step and run",
        "draws",
        "times yardstick",
        "times alone",
        "s a training",
        "s a stack",
        "MiB a run",
        "stated",
    )
    keys = (
        "preset",
        "runs",
        "ms_per_step_and_run",
        "draws_ms_per_step_and_run",
        "times_yardstick",
        "times_alone",
        "projected_seconds_per_training",
        "projected_seconds_per_stack",
        "memory_mb_per_run",
        "stated_mb_per_run",
    )
    lines = [f"| {' | '.join(heads)} |", "|---|" + "--:|" * (len(heads) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(str(row[key]) for key in keys)} |" for row in rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/stacked.json"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--presets", nargs="+", default=["sadvae", "published"])
    parser.add_argument("--runs", nargs="+", type=int, default=[1, 8, 32, 128, 512])
    parser.add_argument("--steps", type=int, default=10, help="timed steps of the largest stack; smaller ones get more")
    parser.add_argument("--whole", nargs="*", type=int, default=[], help="numbers of runs to train from start to end")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no stack after so many")
    arguments, begin = parser.parse_args(), time.monotonic()
    torch.set_num_threads(1)
    machine, inputs = Machine(torch.device(arguments.device), 0.0, {}), Inputs.made()
    about, task = described(machine), task_of(inputs)
    yard, decision = yardstick(machine, inputs, 100 if machine.device.type == "cpu" else 1000)
    rows: list[dict[str, Any]] = []
    left_out: list[str] = []
    report: dict[str, Any] = {
        "machine": about,
        "device": arguments.device,
        "note": "steps are timed, whole trainings are projected from them; where the load is above 1, other work ran "
        "on the machine",
        "sizes": {"clips": CLIPS, "classes": CLASSES, "d_skeleton": D_SKELETON, "d_text": D_TEXT},
        "yardstick_ms_per_step": round(1e3 * yard, 3),
        "yardstick_ms_per_decision": round(1e3 * decision, 1),
        "yardstick_seconds_per_training": round(SETTINGS_STEPS["published"] * yard + 10 * decision, 1),
    }
    report["whole_trainings"] = [whole(machine, task, count) for count in arguments.whole]
    print(report, flush=True)
    compared: dict[str, dict[str, float]] = {}

    def write(measured: list[dict[str, Any]]) -> None:
        found = {"differences_to_separate_trainings": compared, "left_out": left_out, "rows": measured}
        write_json(arguments.out, report | {"machine": about | {"load_at_end": os.getloadavg()[0]}} | found)

    for name in arguments.presets:
        single = alone(Machine(torch.device("cpu"), 0.0, {}), task, preset(name), 200)
        compared[name] = differences(machine, task, name)
        own = []
        for count in sorted(arguments.runs):
            if time.monotonic() - begin > 60 * arguments.minutes or too_large(machine, task, name, count):
                left_out.append(f"{name}, {count} runs")
                continue
            steps = arguments.steps * max(1, min(20, max(arguments.runs) // count // 8))
            own.append(row(machine, task, name, count, steps, (yard, single)))
            write(rows + with_memory_by_run(own))
            print(own[-1], flush=True)
        rows += with_memory_by_run(own)
    write(rows)
    print(table(rows))


if __name__ == "__main__":
    main()
