"""Measure what is lost when poses are estimated from video: drawn persons, whose true joints are known.

    python benchmarks/video_gap.py runs/demo/seed-0/recognizer --out results/video_gap.json

Generated people perform the unseen actions of the demo; each clip is drawn, written as an .mp4, and read as users'
videos are. Joint errors are distances, in trunk lengths, between the estimated joints and the true ones, both
canonicalised, frame by frame. The recogniser, which never saw these actions and people, names each clip from several
kinds of joints.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from sadvae.files import write_json
from sadvae.recognizer import Recognizer
from sadvae.skeleton.canonical import canonicalise
from sadvae.skeleton.generated import GeneratedSettings, action_names, generate_clip_set, generated_split
from sadvae.skeleton.generated.picture import draw_clip
from sadvae.skeleton.joint_maps import joint_map, map_clip
from sadvae.skeleton.layouts import load_layout
from sadvae.types import ClipSet, SkeletonClip
from sadvae.video.read import LAYOUT, VideoClip, read_video
from sadvae.video.write import write_video

# The demo trains on people of seed 0; these are others.
SEED = 1
KINDS = ("as a depth camera sees them", "true joints", "true joints, hips held", "estimated", "estimated, hips held")


def generated(subjects: int, actions: tuple[str, ...], sensor: bool) -> ClipSet:
    """The same performances with the demo's sensor noise and lost joints, or without."""
    usual = GeneratedSettings(subjects=subjects, repetitions=1, seed=SEED, actions=actions)
    return generate_clip_set(usual if sensor else usual.model_copy(update={"noise": 0.0, "dropped": 0.0}))


def estimated(clip: SkeletonClip, folder: Path) -> VideoClip:
    """Draw a clip of true joints, write it as a video, and read that."""
    path = folder / f"{clip.clip_id}.mp4"
    write_video(path, draw_clip(clip.joints[0]))
    return read_video(path)


def hips_held(clip: SkeletonClip) -> SkeletonClip:
    """A clip whose body does not move from its place: the middle of its hips is at (0, 0, 0) in every frame."""
    hips = clip.joints[:, :, list(clip.layout.hips)].mean(axis=2, keepdims=True)
    # A joint exactly at the origin would count as lost.
    return replace(clip, joints=np.ascontiguousarray(clip.joints - hips + np.float32(1e-4)))


def errors(true: SkeletonClip, guess: SkeletonClip) -> NDArray[np.float64]:
    """Distances [frame, joint] in trunk lengths, over frames in which a person was found."""
    found = guess.joints[0].any(axis=(1, 2))
    one, other = (canonicalise(clip.joints, clip.layout)[0] for clip in (true, guess))
    return np.linalg.norm(one.astype(np.float64) - other, axis=2)[found]


def measured(subjects: int, actions: tuple[str, ...]) -> tuple[dict[str, list[SkeletonClip]], list[VideoClip]]:
    """The clips of each kind, in one order, and what the videos gave."""
    seen, true = generated(subjects, actions, True), generated(subjects, actions, False)
    videos = []
    with tempfile.TemporaryDirectory() as folder:
        for clip in true.clips:
            videos.append(estimated(clip, Path(folder)))
            print(
                f"{len(videos)} of {len(true.clips)}: {clip.clip_id}, person in {videos[-1].found} frames", flush=True
            )
    pairs = zip(true.clips, videos, strict=True)
    guess = [replace(map_clip(video.clip, true.layout), label=clip.label) for clip, video in pairs]
    held = [[hips_held(clip) for clip in clips] for clips in (true.clips, guess)]
    return dict(zip(KINDS, [list(seen.clips), list(true.clips), held[0], guess, held[1]], strict=True)), videos


def joint_errors(kinds: dict[str, list[SkeletonClip]]) -> dict[str, object]:
    """Errors over all frames of all clips, in trunk lengths, and by joint for the default."""
    report: dict[str, object] = {}
    for truth, guess in (("true joints", "estimated"), ("true joints, hips held", "estimated, hips held")):
        rows = np.concatenate([errors(*pair) for pair in zip(kinds[truth], kinds[guess], strict=True)])
        report[guess] = {
            "mean": round(float(rows.mean()), 3),
            "median": round(float(np.median(rows)), 3),
            "90 % are below": round(float(np.quantile(rows, 0.9)), 3),
            "by joint": dict(zip(kinds[truth][0].layout.joints, rows.mean(axis=0).round(3).tolist(), strict=True)),
        }
    return report


def accuracies(recognizer: Recognizer, kinds: dict[str, list[SkeletonClip]], names: list[str]) -> dict[str, object]:
    """How often the first of these names is right, in percent, for each kind of joints, and by action."""
    report: dict[str, object] = {}
    for kind, clips in kinds.items():
        found = recognizer.predict(clips, names, top_k=1)
        truth = [action_names()[clip.label] for clip in clips if clip.label is not None]
        right = np.array([one.answers[0].name == name for one, name in zip(found, truth, strict=True)])
        report[kind] = {
            "right, %": round(100 * float(right.mean()), 1),
            "by action, %": {
                name: round(100 * float(right[[t == name for t in truth]].mean()), 1) for name in dict.fromkeys(truth)
            },
        }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recognizer", type=Path)
    parser.add_argument("--subjects", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path("results/video_gap.json"))
    arguments = parser.parse_args()
    recognizer = Recognizer.load(arguments.recognizer)
    names = [action_names()[label] for label in generated_split().unseen]
    kinds, videos = measured(arguments.subjects, tuple(names))
    mapped = joint_map(load_layout(LAYOUT), kinds["true joints"][0].layout)
    report = {
        "what": "drawn persons in .mp4 files of 480 x 480 pixels, 30 frames a second; no real person",
        "libraries": {name: version(name) for name in ("mediapipe", "opencv-contrib-python", "numpy", "torch")},
        "clips": len(videos),
        "subjects": arguments.subjects,
        "frames": sum(video.clip.joints.shape[1] for video in videos),
        "frames without a person": sum(video.clip.joints.shape[1] - video.found for video in videos),
        "joint map": mapped.sentence,
        "error in trunk lengths": joint_errors(kinds),
        "chance, %": round(100 / len(names), 1),
        "recogniser": accuracies(recognizer, kinds, names),
    }
    write_json(arguments.out, report)
    for kind in KINDS:
        print(kind, report["recogniser"][kind]["right, %"])
    print({kind: found["mean"] for kind, found in report["error in trunk lengths"].items()})


if __name__ == "__main__":
    main()
