"""How fast SA-DVAE trains at the size of NTU RGB+D 60, beside the published loop written plainly (published_loop.py).

    python benchmarks/train.py --out results/train_speed.json

55 seen classes, 36,768 clips of 256 numbers, texts of 1024 (random: only sizes matter for speed), latent 160, style 8;
a whole training is 10 passes, 11,490 steps of 32 clips. Every contestant trains in turn for short epochs that go
through a whole schedule, 0, 2, 4, 6 and 8 of 10, so that the parts of the schedule weigh as in a whole training and
load from elsewhere meets all alike. One thread; the processor's time counts, not the clock. Whole trainings are
projected from these steps and from one timed unseen decision: the yardstick takes one after every epoch, as published,
a preset one at the end. Arithmetic is what torch counts for matrix products, two operations a multiply-add; numpy
counts nothing, so a preset's is that of a stack of one run, which trains by the same code in torch, less what repeated
texts are spared there. The machine's rate is that of its best square product. Memory is what a training adds at most to
a process that has loaded torch and the raw data.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from encoders import Machine, described, forget_peak, matrix_rate, peak_mb
from published_loop import PublishedLoop
from torch.utils.flop_counter import FlopCounterMode

from sadvae.files import write_json
from sadvae.methods.arrays import WIDE
from sadvae.methods.draws import RandomDraws
from sadvae.methods.sa_dvae import new_training, train_epoch
from sadvae.methods.schedules import weights_at
from sadvae.methods.settings import SADVAESettings, published, sadvae
from sadvae.methods.stacked_layers import StackedTrainer
from sadvae.methods.trained_sa_dvae import TrainedSADVAE
from sadvae.methods.training import TrainingData

CLASSES, CLIPS, UNSEEN, TEST_CLIPS, D_SKELETON, D_TEXT = 55, 36_768, 5, 1_356, 256, 1_024
EPOCHS, BATCH = 10, 32
TIMED_EPOCHS = (0, 2, 4, 6, 8)


@dataclass(frozen=True)
class Inputs:
    """Random features that are not negative, labels, unit texts of all classes, and test features."""

    features: np.ndarray
    labels: np.ndarray
    texts: np.ndarray
    test: np.ndarray

    @staticmethod
    def made() -> Inputs:
        rng = np.random.default_rng(0)
        texts = rng.standard_normal((CLASSES + UNSEEN, D_TEXT), np.float32)
        return Inputs(
            rng.standard_exponential((CLIPS, D_SKELETON), np.float32),
            rng.integers(0, CLASSES, CLIPS),
            texts / np.linalg.norm(texts, axis=1, keepdims=True),
            rng.standard_exponential((TEST_CLIPS, D_SKELETON), np.float32),
        )

    @property
    def unseen(self) -> np.ndarray:
        return self.texts[CLASSES:]


@dataclass(frozen=True)
class Contestant:
    """A way to train: one epoch of so many clips, one unseen decision, and how many of these a training takes.

    in_torch: an epoch with the same arithmetic done by torch, which can count it, and `spared` operations a clip more.
    """

    epoch: Callable[[int, int], object]
    in_torch: Callable[[int, int], object]
    decide: Callable[[], object]
    decisions: int
    batch: int
    spared: float = 0.0


def yardstick(inputs: Inputs) -> Contestant:
    """The published loop."""
    torch.manual_seed(0)
    loop = PublishedLoop(inputs.features, inputs.labels, inputs.texts[:CLASSES])

    def epoch(number: int, clips: int) -> None:
        loop.epoch(number, clips // BATCH)

    return Contestant(
        epoch,
        epoch,
        lambda: loop.evaluate(inputs.test, inputs.unseen),
        EPOCHS,
        BATCH,
    )


class DrawsOfOne(RandomDraws):
    """The draws of a stack of one run."""

    def noise(self, like: torch.Tensor) -> torch.Tensor:
        return super().noise(like[0])[None]

    def permutation(self, count: int) -> torch.Tensor:
        return super().permutation(count)[None]


def of_preset(settings: SADVAESettings, inputs: Inputs) -> Contestant:
    """A preset of sadvae."""
    generator = torch.Generator().manual_seed(0)
    raw = torch.from_numpy(inputs.features), torch.from_numpy(inputs.labels), torch.from_numpy(inputs.texts[:CLASSES])
    trainer, data, weights = new_training(TrainingData(*raw), settings, generator)

    def epoch(number: int, clips: int) -> None:
        steps = {"iterations_per_epoch": clips // settings.batch_size}
        trainer.settings = settings.model_copy(update=steps)
        train_epoch(trainer, data, number, generator)

    def in_torch(number: int, clips: int) -> None:
        stack, draws = StackedTrainer([trainer], torch.device("cpu")), DrawsOfOne(settings.noise, generator)
        steps = clips // settings.batch_size
        for step, rows in enumerate(torch.arange(clips).split(settings.batch_size)):
            skeleton, text = data.batch(rows)
            stack.step(skeleton[None], text[None], weights_at(settings, number, step, steps), draws, step)

    return Contestant(
        epoch,
        in_torch,
        lambda: TrainedSADVAE.of(settings, weights(), 0).unseen_probabilities(inputs.test, inputs.unseen),
        1,
        settings.batch_size,
        spared(settings, data.classes.shape[1]),
    )


def spared(settings: SADVAESettings, text_width: int) -> float:
    """Operations a clip that E_y is spared where it encodes each class of a batch once: of outputs and of gradients."""
    if text_width < WIDE:
        return 0.0
    met = CLASSES * (1 - (1 - 1 / CLASSES) ** settings.batch_size)
    return (1 - met / settings.batch_size) * 2 * 2 * text_width * 2 * settings.latent


def contestants() -> dict[str, Callable[[Inputs], Contestant]]:
    """All that run, by name."""
    return {
        "yardstick": yardstick,
        "`published`": lambda inputs: of_preset(published(), inputs),
        "`sadvae`": lambda inputs: of_preset(sadvae(), inputs),
        "`sadvae`, `text_space` full": lambda inputs: of_preset(sadvae(text_space="full"), inputs),
        "`sadvae`, `batch_size` 128": lambda inputs: of_preset(sadvae(batch_size=128), inputs),
    }


def spent(run: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def measure(inputs: Inputs, clips: int, rounds: int) -> dict[str, dict[str, float]]:
    """Seconds a clip, of one decision, and operations a clip, by contestant."""
    found = {name: make(inputs) for name, make in contestants().items()}
    operations = {}
    for name, each in found.items():
        with FlopCounterMode(display=False) as counter:
            each.in_torch(4, clips)
        operations[name] = counter.get_total_flops() / clips - each.spared
    seconds: dict[str, list[float]] = {name: [] for name in found}
    for epoch in TIMED_EPOCHS * rounds:
        for name, each in found.items():
            seconds[name].append(spent(lambda each=each, epoch=epoch: each.epoch(epoch, clips)) / clips)
    return {
        name: {
            "seconds_per_clip": float(np.mean(seconds[name])),
            "decision_seconds": spent(each.decide),
            "decisions": each.decisions,
            "batch": each.batch,
            "operations_per_clip": operations[name],
        }
        for name, each in found.items()
    }


def row(found: dict[str, float], yard: dict[str, float], memory: float, rate: float) -> dict[str, Any]:
    """What the report says of one contestant."""
    clip, total = found["seconds_per_clip"], found["seconds_per_clip"] * CLIPS * EPOCHS
    return {
        "batch": found["batch"],
        "ms_per_step": round(1e3 * clip * found["batch"], 3),
        "ms_per_32_clips": round(1e3 * clip * BATCH, 3),
        "times_yardstick": round(yard["seconds_per_clip"] / clip, 2),
        "steps_seconds": round(total, 1),
        "decision_seconds": round(found["decision_seconds"], 2),
        "training_seconds": round(total + found["decisions"] * found["decision_seconds"], 1),
        "peak_memory_mb": memory,
        "mflop_per_32_clips": round(found["operations_per_clip"] * BATCH / 1e6, 1),
        "share_of_matrix_rate": round(found["operations_per_clip"] / clip / rate, 3),
    }


def training_memory(name: str, inputs: Inputs, machine: Machine) -> float:
    """The most memory in MiB that a contestant's training takes beside libraries and raw data; NaN where unknown."""
    forget_peak(machine)
    before = peak_mb(machine)
    contestants()[name](inputs).epoch(4, 1280)
    after = peak_mb(machine)
    return float("nan") if before is None or after is None else round(after - before, 1)


def memory_of(name: str) -> float:
    """See training_memory; in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory", name], check=True, capture_output=True, text=True, env=os.environ
    )
    return float(done.stdout)


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    heads = ("", "batch", "ms a step", "ms for 32 clips", "times yardstick", "s a training", "MiB")
    lines = [f"| {' | '.join((*heads, 'MFLOP for 32 clips', 'of matrix rate'))} |", "|---|" + "--:|" * 8]
    for name, r in rows.items():
        numbers = (r["batch"], f"{r['ms_per_step']:.2f}", f"{r['ms_per_32_clips']:.2f}", f"{r['times_yardstick']:.2f}")
        rest = (f"{r['training_seconds']:.0f}", f"{r['peak_memory_mb']:.0f}", f"{r['mflop_per_32_clips']:.0f}")
        share = f"{r['share_of_matrix_rate']:.0%}"
        lines.append(f"| {' | '.join(map(str, (name, *numbers, *rest, share)))} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/train_speed.json"))
    parser.add_argument("--clips", type=int, default=2560, help="of one short epoch; a multiple of all batch sizes")
    parser.add_argument("--rounds", type=int, default=2, help="how often the five epochs are timed")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    machine, inputs = Machine(torch.device("cpu"), 0.7, {}), Inputs.made()
    if arguments.memory:
        print(training_memory(arguments.memory, inputs, machine))
        return
    machine.rates["float32"] = matrix_rate(machine, "float32")
    about, found = described(machine), measure(inputs, arguments.clips, arguments.rounds)
    rows = {
        name: row(each, found["yardstick"], memory_of(name), machine.rates["float32"]) for name, each in found.items()
    }
    sizes = {"clips": CLIPS, "classes": CLASSES, "d_skeleton": D_SKELETON, "d_text": D_TEXT, "epochs": EPOCHS}
    timed = arguments.clips * len(TIMED_EPOCHS) * arguments.rounds
    write_json(arguments.out, {"machine": about, "sizes": sizes, "timed_clips_each": timed, "rows": rows})
    print(table(rows))


if __name__ == "__main__":
    main()
