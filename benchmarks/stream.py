"""How long a Stream takes for an answer, in PyTorch and as ONNX graphs; results/stream.json.

    python benchmarks/stream.py runs/demo/seed-0/recognizer recognizer-onnx

The second folder is `sadvae export RECOGNIZER --to onnx`. Milliseconds of one thread, from push() to its return, on the
clock and of the processor alone; the clock is longer where other work runs on the machine.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from sadvae.cli.loading import load_recognizer
from sadvae.files import write_json
from sadvae.machine import versions
from sadvae.recordings.live import Stream
from sadvae.skeleton.generated import GeneratedSettings, generate_clip_set

ANSWERS, FPS, RATE, NAMES = 150, 30.0, 10.0, ("squat", "wave the left hand", "raise both arms", "fly a kite")


def measured(folder: Path, frames: np.ndarray) -> dict[str, Any]:
    """Times of one recogniser: until it is ready, of the first answer, of the others, and of frames without one."""
    start = time.perf_counter()
    recognizer = load_recognizer(folder)
    stream = Stream(recognizer, NAMES, rate=RATE, fps=FPS)
    ready = time.perf_counter() - start
    with_answer, without, processor = [], [], []
    while len(with_answer) <= ANSWERS:
        for frame in frames:
            start, used = time.perf_counter(), time.process_time()
            answer = stream.push(frame)
            processor += [] if answer is None else [1000 * (time.process_time() - used)]
            (without if answer is None else with_answer).append(1000 * (time.perf_counter() - start))
    first, *rest = with_answer
    return {
        "recogniser": type(recognizer).__name__,
        "ready_s": round(ready, 2),
        "first_answer_ms": round(first, 1),
        "answer_ms": {f"p{q}": round(float(np.percentile(rest, q)), 1) for q in (50, 95, 100)},
        "answer_processor_ms": {f"p{q}": round(float(np.percentile(processor[1:], q)), 1) for q in (50, 95)},
        "frame_ms": {f"p{q}": round(float(np.percentile(without, q)), 3) for q in (50, 95)},
        "answers": len(rest),
    }


def main() -> None:
    clips = generate_clip_set(GeneratedSettings(subjects=1, repetitions=1, seed=99))
    frames = np.concatenate([clip.joints[0] for clip in clips.clips[:8]])
    rows = [measured(Path(folder), frames) for folder in sys.argv[1:]]
    for row in rows:
        print(row)
    machine = {"processor": platform.machine(), "load_average": [round(x, 1) for x in os.getloadavg()], **versions()}
    write_json(Path("results/stream.json"), {"window_s": 1.5, "fps": FPS, "machine": machine, "rows": rows})


if __name__ == "__main__":
    main()
