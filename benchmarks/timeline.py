"""How well timelines find actions: recordings of three generated actions each, by new people; results/timeline.json.

    python benchmarks/timeline.py runs/demo/seed-0/recognizer

Windows and the threshold of none of these were chosen by the rows on trained classes; the rows on unseen ones are the
result. Clips that are cut out by hand are the ceiling: what the recogniser itself gets right.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from sadvae.files import write_json
from sadvae.machine import versions
from sadvae.recognizer import Recognizer
from sadvae.recordings.timeline import timeline
from sadvae.skeleton.generated import GeneratedSettings, generate_clip_set
from sadvae.types import ClipSet, SkeletonClip

RECORDINGS, ACTIONS, CANDIDATES, SEED = 24, 3, 6, 4711
WINDOWS, THRESHOLDS = (1.0, 1.5, 2.0), (0.0, 0.25, 0.5)


def recordings(clips: ClipSet, names: tuple[str, ...]) -> list[tuple[list[SkeletonClip], SkeletonClip]]:
    """Parts and whole of recordings: actions of one person after another, drawn among names."""
    rng = np.random.default_rng(SEED)
    made = []
    people = sorted({clip.subject for clip in clips.clips if clip.subject})
    for number in range(RECORDINGS):
        own = [c for c in clips.clips if c.subject == people[number % len(people)] and name_of(clips, c) in names]
        parts = [own[i] for i in rng.choice(len(own), ACTIONS, replace=False)]
        whole = replace(parts[0], joints=np.concatenate([c.joints for c in parts], axis=1), clip_id=f"r{number}")
        made.append((parts, whole))
    return made


def name_of(clips: ClipSet, clip: SkeletonClip) -> str:
    assert clip.label is not None
    return clips.class_names[clip.label]


def shares(recognizer: Recognizer, clips: ClipSet, names: tuple[str, ...], window: float, threshold: float):
    """Shares of frames named rightly, and named at all; and of cut clips named rightly, by frames."""
    right = named = cut = frames = 0
    for parts, whole in recordings(clips, names):
        own = sorted({name_of(clips, c) for c in parts})
        asked = [*own, *[n for n in names if n not in own][: CANDIDATES - len(own)]]
        truth = np.concatenate([np.full(c.joints.shape[1], asked.index(name_of(clips, c))) for c in parts])
        found = np.full(len(truth), -1)
        for s in timeline(recognizer, whole, asked, window=window, none_of_these=threshold).segments:
            found[s.start : s.end] = asked.index(s.name)
        best = [asked.index(p.best.name) for p in recognizer.predict(parts, asked)]
        cut += sum(c.joints.shape[1] for c, b in zip(parts, best, strict=True) if asked[b] == name_of(clips, c))
        right, named, frames = right + (found == truth).sum(), named + (found >= 0).sum(), frames + len(truth)
    return [round(float(x) / frames, 3) for x in (right, named, cut)]


def main() -> None:
    recognizer = Recognizer.load(sys.argv[1])
    clips = generate_clip_set(GeneratedSettings(subjects=8, repetitions=1, seed=SEED))
    seen = recognizer.config.seen_names
    rows = []
    for kind, names in (("trained", seen), ("unseen", tuple(n for n in clips.class_names if n not in seen))):
        for window, threshold in product(WINDOWS, THRESHOLDS):
            right, named, cut = shares(recognizer, clips, names, window, threshold)
            row = {"classes": kind, "window": window, "none_of_these": threshold, "right": right, "named": named}
            rows.append(row | {"right_if_cut_by_hand": cut})
            print(rows[-1], flush=True)
    write_json(Path("results/timeline.json"), {"machine": versions(), "rows": rows})


if __name__ == "__main__":
    main()
