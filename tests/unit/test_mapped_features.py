"""Features of a folder stay on the disk: reading, checking and training take a block or a batch of them at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sadvae import equal_rows as module
from sadvae import types
from sadvae.equal_rows import equal_rows
from sadvae.errors import LeakageError, SadvaeError
from sadvae.evaluation.trivial import trivial_task
from sadvae.features.folder import read_feature_set, write_feature_set
from sadvae.methods import networks
from sadvae.methods.networks import Standardiser
from sadvae.methods.sa_dvae import SADVAE, raw_data, sadvae
from sadvae.task import ZeroShotTask

FEW = st.sampled_from([0.0, -0.0, 1.0, 2.0, 0.5])
# What the allocator keeps of freed blocks would count too, more or less of it from run to run.
GIVING_BACK = os.environ | {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "1048576"}
# Private mappings count as data, so the limit leaves room for them, and for half a copy; blocks are small.
LIMITED = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from sadvae import types
from sadvae.evaluation.trivial import trivial_task
from sadvae.features.folder import read_feature_set
from sadvae.methods import networks
from sadvae.methods.sa_dvae import SADVAE, sadvae

types._BLOCK = networks.BLOCK = 4096
task, method = trivial_task(), SADVAE(sadvae(latent=8, style=2, epochs=1, iterations_per_epoch=None, batch_size=512))
method.fit(task, 0)
files = [Path(word) for word in sys.argv[1:]]
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
large = sum(file.stat().st_size for file in files)
limit = int(status["VmData"].split()[0]) * 1024 + large + large // 2
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
train, seen, unseen = map(read_feature_set, files)
method.fit(replace(task, train=train, test_seen=seen, test_unseen=unseen), 0)
if "copy" in files[0].name:
    train.features.copy()
print("trained")
"""


def written(task: ZeroShotTask, folder: Path) -> ZeroShotTask:
    parts = {}
    for name, part in zip(("train", "test_seen", "test_unseen"), task.parts, strict=True):
        write_feature_set(folder / f"{name}.npz", part)
        parts[name] = read_feature_set(folder / f"{name}.npz")
    return replace(task, **parts)


def test_features_and_logits_of_a_file_are_mapped(tmp_path: Path) -> None:
    task = written(trivial_task(), tmp_path)
    for part in task.parts:
        assert isinstance(part.features, np.memmap)
        assert isinstance(part.seen_logits, np.memmap)
        assert not isinstance(part.labels, np.memmap)


def test_training_takes_mapped_features_where_they_lie(tmp_path: Path) -> None:
    task = written(trivial_task(), tmp_path)
    raw = raw_data(task)
    assert raw.skeleton.data_ptr() == task.train.features.ctypes.data
    before = (tmp_path / "train.npz").read_bytes()
    method = SADVAE(sadvae(latent=8, style=2, epochs=2))
    mapped, plain = method.fit(task, 0), method.fit(trivial_task(), 0)
    for name, weight in plain.weights().items():
        assert torch.equal(mapped.weights()[name], weight)
    assert (tmp_path / "train.npz").read_bytes() == before


def test_what_is_changed_in_memory_does_not_reach_the_file(tmp_path: Path) -> None:
    task = written(trivial_task(), tmp_path)
    task.train.features[:] = 7
    assert not (read_feature_set(tmp_path / "train.npz").features == 7).any()


def test_statistics_taken_in_blocks_are_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch.randn(103, 5, generator=torch.Generator().manual_seed(0)) * torch.arange(1.0, 6) + 3
    whole, blocks = Standardiser(5), Standardiser(5)
    whole.fit(rows)
    monkeypatch.setattr(networks, "BLOCK", 10)
    blocks.fit(rows)
    torch.testing.assert_close(whole.mean, rows.mean(0))
    torch.testing.assert_close(whole.scale, (rows - rows.mean(0)).square().mean().sqrt())
    torch.testing.assert_close(blocks.mean, whole.mean)
    torch.testing.assert_close(blocks.scale, whole.scale)


def test_a_number_that_is_not_finite_is_found_in_any_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "_BLOCK", 10)
    part = trivial_task().train
    for row in (0, 9, 10, len(part.labels) - 1):
        features = part.features.copy()
        features[row, 1] = np.nan
        with pytest.raises(SadvaeError, match="not finite"):
            replace(part, features=features)


@given(arrays(np.float32, st.tuples(st.integers(0, 9), st.just(2)), elements=FEW), st.data())
def test_equal_rows_are_those_of_equal_bytes(known: np.ndarray, data: st.DataObject) -> None:
    rows = data.draw(arrays(np.float32, st.tuples(st.integers(0, 9), st.just(2)), elements=FEW))
    everything = {row.tobytes() for row in known}
    assert equal_rows(rows, known) == [n for n, row in enumerate(rows) if row.tobytes() in everything]


def test_rows_of_one_digest_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_digests", lambda rows: np.zeros(len(rows), np.uint64))
    known = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert equal_rows(np.array([[2, 3], [3, 2], [4, 5]], np.float32), known) == [0, 2]


def test_an_equal_row_of_a_later_block_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 16)
    task = trivial_task()
    features = task.test_seen.features.copy()
    features[-1] = task.train.features[-1]
    with pytest.raises(LeakageError, match="has exactly the features of a training clip"):
        replace(task, test_seen=replace(task.test_seen, features=features))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory this way")
def test_a_training_on_mapped_features_takes_no_copy_of_them(tmp_path: Path) -> None:
    """134 MB of features in a process with room for half of that; a copy at the end shows that it bites."""
    task, rng, files = trivial_task(), np.random.default_rng(0), []
    for name, part, count in (
        ("train", task.train, 2**16),
        ("seen", task.test_seen, 48),
        ("unseen", task.test_unseen, 48),
    ):
        labels = np.resize(part.labels, count)
        names = tuple(f"{name}{n}" for n in range(count))
        features = rng.random((count, 512), np.float32)
        files.append(tmp_path / f"{name}.npz")
        write_feature_set(files[-1], replace(part, features=features, labels=labels, clip_ids=names, seen_logits=None))
    copying = files[0].with_name("copy.npz")
    copying.hardlink_to(files[0])
    command = [sys.executable, "-c", LIMITED]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, env=GIVING_BACK)
    assert done.stdout == "trained\n", done.stderr
    copied = subprocess.run(
        [*command, str(copying), *map(str, files[1:])], capture_output=True, text=True, env=GIVING_BACK
    )
    # NumPy and torch say it in words of their own.
    assert copied.returncode == 1
    assert "MemoryError" in copied.stderr or "can't allocate memory" in copied.stderr
