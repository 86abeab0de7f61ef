"""Run by test_training_stops.py: a training that is killed again and again, in a process that has torch loaded."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from sadvae.encoders.pretrain import pretrain
from sadvae.encoders.settings import EncoderSettings
from tests.unit.test_pretrain import SMALL, TASK

SETTINGS = EncoderSettings.model_validate(
    SMALL.model_dump() | {"epochs": 10, "mirror": 0.5, "validation": 0.5, "learning_rate": 0.02, "averaging": 0.3}
)
KILLS = 6


def train(folder: Path) -> None:
    """Train to the end in this process; leave the first epoch that was trained here, and a hash of the outcome."""

    def note(report: object) -> None:
        with (folder / "epochs.txt").open("a") as stream:
            stream.write(f"{report.epoch} ")  # type: ignore[attr-defined]

    encoder = pretrain(TASK, 6, SETTINGS, 0, on_epoch=note, checkpoint=folder / "run.checkpoint")
    tensors = encoder.network.state_dict().values()
    digest = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()
    (folder / "done.json").write_text(json.dumps([digest, encoder.report and encoder.report.model_dump(mode="json")]))


def attempt(folder: Path, patience: float | None) -> bool:
    """Train in a child; kill it after some seconds. Whether it came to its end."""
    folder.mkdir(exist_ok=True)
    child = os.fork()
    if child == 0:
        train(folder)
        os._exit(0)
    if patience is not None:
        time.sleep(patience)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == 0


def main() -> None:
    """Unbroken, then killed at random points; prints how often it was killed in the middle."""
    torch.set_num_threads(1)
    root = Path(sys.argv[1])
    start = time.perf_counter()
    assert attempt(root / "unbroken", None)
    whole, draw = time.perf_counter() - start, random.Random(0)
    kills = sum(not attempt(root / "killed", draw.uniform(0, 0.4 * whole)) for _ in range(KILLS))
    assert attempt(root / "killed", None)
    print(kills)


if __name__ == "__main__":
    main()
