"""How many seen classes it takes to name unseen ones, on generated motion.

    python benchmarks/seen_classes.py --out results/seen_classes.json

The six unseen classes of docs/generated.md and their test clips, by people who did not train, stay the same; 5, 10, 20
or all 30 of the other classes are drawn for training, encoder and alignment together, as docs/tutorial.md trains them.
Chance is 16.7 %; seeds of training are those of the drawings.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from sadvae.classifier import ZeroShotClassifier
from sadvae.files import write_json
from sadvae.skeleton.generated import generate_clip_set, generated_split
from sadvae.types import SkeletonClip

SIZES = (5, 10, 20, 30)
TRAIN = ("1", "2", "3", "4")
ENCODER = {"widths": (32, 64, 128)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("results/seen_classes.json"))
    chosen = parser.parse_args()
    clips, split = generate_clip_set(subjects=8, repetitions=2, seed=0), generated_split()
    unseen = [clips.class_names[c] for c in split.unseen]
    test = [clip for clip in clips.clips if clip.label in split.unseen and clip.subject not in TRAIN]
    found = []
    for size in SIZES:
        scores = []
        for draw in range(chosen.draws):
            seen = np.random.default_rng([size, draw]).choice(split.seen, size, replace=False).tolist()
            train = [clip for clip in clips.clips if clip.label in seen and clip.subject in TRAIN]
            model = ZeroShotClassifier(
                unseen, mode="zsl", held_out=0, encoder="demo", encoder_changes=ENCODER, seed=draw
            )
            model.fit(train, _names(train, clips.class_names))
            scores.append(round(float(model.score(test, _names(test, clips.class_names))), 4))
        found.append({"seen_classes": size, "test_clips": len(test), "zsl_accuracy": scores})
        print(found[-1], flush=True)
    write_json(chosen.out, found)


def _names(clips: list[SkeletonClip], names: tuple[str, ...]) -> list[str]:
    return [names[clip.label] for clip in clips if clip.label is not None]


if __name__ == "__main__":
    main()
