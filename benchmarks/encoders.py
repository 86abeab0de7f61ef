"""How fast skeleton encoders train and run, and how near that is to what the machine can multiply.

    python benchmarks/encoders.py --out results/encoders_speed.json
    python benchmarks/encoders.py --device cuda --compile --out results/encoders_speed_gpu.json

Every architecture in two sizes: as published on NTU RGB+D (ten blocks, joint stream, 64 frames, 25 joints, two people a
clip), and compact as by default (three blocks, all streams, 48 frames, 20 joints, one person). A training step is
forward, backward and AdamW on one batch that is ready; bfloat16 training is torch's autocast. Inference is the folded
network on one batch; extraction is all of `sadvae extract` but writing files, and pretraining all of a step
of `sadvae pretrain`: clips cut, changed at random and learnt. Arithmetic is what torch counts for matrix products and
convolutions, two operations a multiply-add; the rate of the machine is that of its best square matrix product, in the
same precision. TF32 is measured on a GPU alone, torch.compile where asked for. On a processor one thread is used and
its time counts, so that other work on the machine disturbs less; on a GPU the clock counts. Memory is the most that the
process held at once, torch itself included (on a GPU, what torch held there).
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import time
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("KINETO_LOG_LEVEL", "5")

import numpy as np
import torch
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from sadvae import __version__
from sadvae.encoders.architectures import new_network, parameter_count
from sadvae.encoders.folding import folded
from sadvae.encoders.inference import (
    Inference,
    InferenceSettings,
    Precision,
    check_device,
    clips_at_once,
    in_precision,
    put_together,
)
from sadvae.encoders.precision import Numbers, forward_pass, matrix_products, numbers
from sadvae.encoders.processes import Processes
from sadvae.encoders.samples import Samples
from sadvae.encoders.settings import EncoderSettings, encoder_preset
from sadvae.encoders.streams import STREAMS, columns_of
from sadvae.encoders.trained import TrainedEncoder
from sadvae.encoders.training import Training
from sadvae.files import write_json
from sadvae.skeleton.clips_file import read_clips_file, write_clips_file
from sadvae.skeleton.layouts import load_layout
from sadvae.types import ClipSet, EncoderTrace, Layout, SkeletonClip

ARCHITECTURES = ("st_gcn", "st_gcn_pp", "ctr_gcn", "shift_gcn", "posec3d")
TYPES: dict[Numbers, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16, "tf32": torch.float32}
NTU60_CLIPS, NTU60_EPOCHS = 40_091, 65
PRODUCTS = ("conv", "mm", "gemm", "baddbmm", "linear")


@dataclass(frozen=True)
class Size:
    """What clips look like, and how many are in a batch of training."""

    name: str
    suffix: str
    layout: Layout
    people: int
    classes: int
    train_batch: int


@dataclass(frozen=True)
class Machine:
    """Where things run, how long one of them may be repeated, and the rate of its matrix products by precision."""

    device: torch.device
    seconds: float
    rates: dict[Numbers, float]

    @property
    def precisions(self) -> tuple[Numbers, ...]:
        """What it can multiply in; processors without bfloat16 units take many times as long in it, so they skip it."""
        if self.device.type == "cpu":
            return ("float32", "bfloat16") if numbers(EncoderSettings(), self.device) == "bfloat16" else ("float32",)
        return ("float32", "tf32", "bfloat16")

    def clock(self) -> float:
        """Seconds of processor time, or of the clock once the GPU has done its work."""
        if self.device.type == "cpu":
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()

    def best(self, run: Callable[[], object]) -> float:
        """The least seconds that a call took, of two or more."""
        run()
        taken: list[float] = []
        while len(taken) < 2 or (sum(taken) < self.seconds and len(taken) < 50):
            start = self.clock()
            run()
            taken.append(self.clock() - start)
        return min(taken)


def matrix_rate(machine: Machine, precision: Numbers) -> float:
    """Operations a second of the best square matrix product, multiply-adds counted twice."""
    found = []
    for side in (512, 1024) if machine.device.type == "cpu" else (4096, 8192):
        one = torch.randn(side, side, device=machine.device).to(TYPES[precision])
        with matrix_products(precision, machine.device):
            found.append(2 * side**3 / machine.best(lambda one=one: one @ one))
    return max(found)


def measured(architecture: str, size: Size, machine: Machine) -> dict[str, Any]:
    """Rates, arithmetic and memory of one architecture in one size, in every precision."""
    chosen, settings = machine.precisions, encoder_preset(architecture + size.suffix)
    torch.manual_seed(0)
    network = new_network(settings, size.layout, size.classes).to(machine.device)
    arithmetic = {"forward": count(network, settings, size, machine, train=False),
                  "training": count(network, settings, size, machine, train=True)}  # fmt: skip
    return {
        "architecture": architecture,
        "size": size.name,
        "parameters": parameter_count(network),
        "gflop_per_clip": {name: round(value / 1e9, 3) for name, value in arithmetic.items()},
        "training": {p: training(network, settings, size, machine, p, arithmetic["training"]) for p in chosen},
        "inference": {p: inference(network, settings, size, machine, p, arithmetic["forward"]) for p in chosen},
    }


def batch_of(settings: EncoderSettings, size: Size, machine: Machine, clips: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random bodies [clips * people, frame, joint, channel] and the clip of each."""
    shape = (clips * size.people, settings.frames, len(size.layout.joints), len(columns_of(STREAMS)))
    clip_of_body = torch.arange(clips, device=machine.device).repeat_interleave(size.people)
    return torch.randn(shape, device=machine.device), clip_of_body


def count(network: Any, settings: EncoderSettings, size: Size, machine: Machine, *, train: bool) -> float:
    """Operations for one clip."""
    x, clip_of_body = batch_of(settings, size, machine, 2)
    with FlopCounterMode(display=False) as counter:
        output = network(x, clip_of_body, 2)
        if train:
            output.logits.sum().backward()
    network.zero_grad()
    return counter.get_total_flops() / 2


def training(
    network: Any, settings: EncoderSettings, size: Size, machine: Machine, precision: Numbers, flops: float
) -> dict[str, Any]:
    """One training step."""
    x, clip_of_body = batch_of(settings, size, machine, size.train_batch)
    labels = torch.randint(size.classes, (size.train_batch,), device=machine.device)
    learner = deepcopy(network).train().requires_grad_(True)
    optimiser = torch.optim.AdamW(learner.parameters())

    def step() -> None:
        optimiser.zero_grad()
        with forward_pass(precision, machine.device):
            logits = learner(x, clip_of_body, size.train_batch).logits
        functional.cross_entropy(logits.float(), labels).backward()
        optimiser.step()

    with matrix_products(precision, machine.device):
        return case(step, size.train_batch, machine, machine.rates[precision], flops)


def inference(
    network: Any, settings: EncoderSettings, size: Size, machine: Machine, precision: Numbers, flops: float
) -> dict[str, Any]:
    """One batch through the folded network."""
    quick = in_precision(folded(network), TYPES[precision])
    clips = max(1, clips_at_once(settings, len(size.layout.joints), machine.device.type) // size.people)
    x, clip_of_body = batch_of(settings, size, machine, clips)
    with torch.inference_mode(), matrix_products(precision, machine.device):
        return case(lambda: quick(x, clip_of_body, clips), clips, machine, machine.rates[precision], flops)


def case(run: Callable[[], object], clips: int, machine: Machine, rate: float, flops: float) -> dict[str, Any]:
    """Clips a second, the share of the machine's matrix rate, the share of time in products, and memory."""
    forget_peak(machine)
    seconds = machine.best(run) / clips
    memory = peak_mb(machine)
    return {
        "batch": clips,
        "clips_per_second": round(1 / seconds, 2),
        "share_of_matrix_rate": round(flops / seconds / rate, 3),
        "time_in_products": round(time_in_products(run, machine), 2),
        "peak_memory_mb": memory,
    }


def time_in_products(run: Callable[[], object], machine: Machine) -> float:
    """The share of time in matrix products and convolutions; the rest moves memory or waits."""
    gpu = machine.device.type != "cpu"
    with profile(activities=[ProfilerActivity.CUDA if gpu else ProfilerActivity.CPU]) as found:
        run()
    spent = [(e.key, e.self_device_time_total if gpu else e.self_cpu_time_total) for e in found.key_averages()]
    products = sum(time for name, time in spent if any(word in name for word in PRODUCTS))
    return products / max(sum(time for _, time in spent), 1)


def forget_peak(machine: Machine) -> None:
    """Start the count of peak memory afresh."""
    if machine.device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    elif Path("/proc/self/clear_refs").exists():
        # Memory that torch freed goes back to the system first.
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb(machine: Machine) -> float | None:
    """The most memory in MiB since forget_peak; None where the system does not tell."""
    if machine.device.type == "cuda":
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith("VmHWM")), None)


def clips_of(size: Size, settings: EncoderSettings, count: int) -> ClipSet:
    """Random clips of 40 to 119 frames, or of up to twice the frames that a network reads."""
    rng = np.random.default_rng(0)
    longest, names = max(120, 2 * settings.frames), tuple(f"class {i}" for i in range(size.classes))
    clips = tuple(
        SkeletonClip(
            rng.normal(size=(size.people, int(rng.integers(40, longest)), len(size.layout.joints), 3)).astype(
                np.float32
            ),
            size.layout,
            f"clip {i}",
            label=i % size.classes,
        )
        for i in range(count)
    )
    return ClipSet("random", size.layout, clips, names)


def extraction(size: Size, machine: Machine) -> dict[str, Any]:
    """The default encoder from clips of a mapped file to features: clips a second, and how many times training's."""
    settings = encoder_preset("st_gcn_pp")
    torch.manual_seed(0)
    network: Any = new_network(settings, size.layout, size.classes).requires_grad_(False).eval()
    encoder = TrainedEncoder(settings, size.layout, size.classes, (), EncoderTrace("random", ()), network)
    trained = training(network.to(machine.device), settings, size, machine, "float32", 0)["clips_per_second"]
    found: dict[str, Any] = {"training_clips_per_second": trained, "clips_per_second": {}, "times_training": {}}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clips.npz"
        write_clips_file(path, clips_of(size, settings, 256 if machine.device.type == "cpu" else 16_384))
        clips = read_clips_file(path, mapped=True)
        at_once = clips_at_once(settings, len(size.layout.joints), machine.device.type)
        seconds = machine.best(lambda: deque(put_together(clips.clips, at_once), 0)) / len(clips.clips)
        found["put_together_clips_per_second"] = round(1 / seconds, 1)
        able: list[Precision] = ["float32", "bfloat16"] if "bfloat16" in machine.precisions else ["float32"]
        for precision in able:
            ready = Inference(encoder, InferenceSettings(precision, str(machine.device)))
            seconds = machine.best(lambda ready=ready: deque(ready.outputs(clips), 0)) / len(clips.clips)
            found["clips_per_second"][precision] = round(1 / seconds, 1)
            found["times_training"][precision] = round(1 / seconds / trained, 1)
    return found


def pretraining(size: Size, machine: Machine, precision: Numbers, *, compiled: bool = False) -> float:
    """Clips a second of whole training steps of the default architecture."""
    changes = {"precision": precision, "compile": compiled, "batch_size": size.train_batch}
    settings = encoder_preset("st_gcn_pp" + size.suffix).model_copy(update=changes)
    samples = Samples.of(clips_of(size, settings, size.train_batch), settings, Processes(device=machine.device))
    torch.manual_seed(0)
    network = new_network(settings, size.layout, size.classes).to(machine.device)
    learner, generator = Training(network, settings, 100, samples.processes), torch.Generator().manual_seed(0)
    rows = torch.arange(size.train_batch)
    with matrix_products(precision, machine.device):
        return round(size.train_batch / machine.best(lambda: learner.step(samples.random(rows, generator))), 1)


def sizes(device: str) -> tuple[Size, Size]:
    """Clips of NTU RGB+D for networks as published, and those of the default for compact ones."""
    few, many = (4, 32) if device == "cpu" else (64, 512)
    return (
        Size("published", "_published", load_layout("kinect-v2"), 2, 60, few),
        Size("compact", "", load_layout("kinect-v1"), 1, 27, many),
    )


def projected_hours(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Hours of a whole training on NTU RGB+D 60, cross-subject, by architecture and precision."""
    return {
        row["architecture"]: {
            precision: round(NTU60_CLIPS * NTU60_EPOCHS / found["clips_per_second"] / 3600, 1)
            for precision, found in row["training"].items()
        }
        for row in rows
        if row["size"] == "published"
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table: clips a second, and in brackets the share of the machine's matrix rate."""
    heads = [f"{stage} {precision}" for stage in ("training", "inference") for precision in rows[0][stage]]
    columns = "--:|" * (2 + len(heads))
    lines = [f"| size | architecture | parameters | GFLOP a clip | {' | '.join(heads)} |", f"|---|---|{columns}"]
    for row in rows:
        cells = [
            f"{row[stage][precision]['clips_per_second']:.1f} ({row[stage][precision]['share_of_matrix_rate']:.0%})"
            for stage in ("training", "inference")
            for precision in row[stage]
        ]
        about = (row["size"], row["architecture"], f"{row['parameters']:,}", f"{row['gflop_per_clip']['forward']:.2f}")
        lines.append(f"| {' | '.join((*about, *cells))} |")
    return "\n".join(lines)


def described(machine: Machine) -> dict[str, Any]:
    """What this ran on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if machine.device.type == "cuda" else None,
        "threads": torch.get_num_threads(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "sadvae": __version__,
        "load_at_start": os.getloadavg()[0],
        "matrix_gflop_per_second": {name: round(rate / 1e9, 1) for name, rate in machine.rates.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/encoders_speed.json"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=0.7, help="how long a case may be repeated")
    parser.add_argument("--compile", action="store_true", help="training through torch.compile too")
    parser.add_argument("--architectures", nargs="+", default=list(ARCHITECTURES))
    arguments = parser.parse_args()
    check_device(arguments.device)
    torch.set_num_threads(1)
    machine = Machine(torch.device(arguments.device), arguments.seconds, {})
    machine.rates.update({precision: matrix_rate(machine, precision) for precision in machine.precisions})
    report: dict[str, Any] = {
        "machine": described(machine),
        "networks": [],
        "ntu60_epochs": NTU60_EPOCHS,
        "pretraining": {},
    }

    def write(**found: Any) -> None:
        report.update(found)
        write_json(arguments.out, report)
        print(found, flush=True)

    rows: list[dict[str, Any]] = []
    both = sizes(machine.device.type)
    for size in both:
        for architecture in arguments.architectures:
            rows.append(measured(architecture, size, machine))
            write(networks=rows, ntu60_hours=projected_hours(rows))
    write(extraction=extraction(both[1], machine))
    ways: list[tuple[Numbers, bool]] = [(precision, False) for precision in machine.precisions]
    if arguments.compile:
        ways.append((machine.precisions[-1], True))
    whole: dict[str, dict[str, float]] = {size.name: {} for size in both}
    for precision, compiled in ways:
        for size in both:
            name = f"{precision}, compiled" if compiled else precision
            whole[size.name][name] = pretraining(size, machine, precision, compiled=compiled)
            write(pretraining=whole)
    print(table(rows))


if __name__ == "__main__":
    main()
