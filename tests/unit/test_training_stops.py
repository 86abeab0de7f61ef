"""A training that is killed at any point and started again ends as an unbroken one; processes equal one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sadvae.encoders.batch_statistics import SharedStatistics
from sadvae.encoders.levels import load_encoders
from sadvae.encoders.network import ChannelNorm
from sadvae.encoders.pretrain import pretrain
from sadvae.protocol import Division
from sadvae.skeleton.store import write_clips_file
from sadvae.splits.reader import build_split
from tests.conftest import ROOT
from tests.unit.test_pretrain import SMALL, moving_clips

ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    "OMP_NUM_THREADS": "1",
    "PYTHONWARNINGS": "error",
}


def test_a_killed_training_goes_on_to_equal_weights(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.unit.killed_training", str(tmp_path)]
    done = subprocess.run(words, env=ENVIRONMENT, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 2
    one, other = (json.loads((tmp_path / name / "done.json").read_text()) for name in ("unbroken", "killed"))
    assert one == other
    trained = [int(word) for word in (tmp_path / "killed" / "epochs.txt").read_text().split()]
    assert set(trained) == set(range(10))
    # At least one start went on in the middle, so no epoch but the one that a kill hit was trained twice.
    assert len(trained) <= 10 + int(done.stdout)


def test_two_processes_equal_one(tmp_path: Path) -> None:
    one = moving_clips(repetitions=4)
    two = [replace(c, joints=np.concatenate([c.joints, c.joints + 0.1])) if c.label == 1 else c for c in one.clips]
    clips = replace(one, clips=tuple(two))
    split = build_split("s", [5], 6, (3, 4))
    write_clips_file(tmp_path / "clips.npz", clips)
    (tmp_path / "split.json").write_text(json.dumps({"unseen": [5], "validation_unseen": [3, 4]}))
    changes = {"dropout": 0.0, "batch_size": 7, "mirror": 0.5, "validation": 0.4, "features": "kinematics"}
    settings = SMALL.model_copy(update=changes)
    words = [f"--set={name}={json.dumps(value)}" for name, value in settings.model_dump(mode="json").items()]
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    verb = ["-m", "sadvae.cli.main", "pretrain", "clips.npz", "--split", "split.json", "--out", "e", *words]
    done = subprocess.run([*launch, *verb], env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Wrote") == 1
    assert {path.name for path in (tmp_path / "e").iterdir()} == {"division.json", "test", "calibration"}
    found = load_encoders(tmp_path / "e")
    levels = Division(split=split).levels(clips)
    for name, task in levels.items():
        alone, together = pretrain(task, 6, settings, 0), found.get(name)
        assert alone.report is not None
        assert together.report is not None
        assert together.report.processes == 2
        for one, other in zip(alone.report.epochs, together.report.epochs, strict=True):
            assert one.loss == pytest.approx(other.loss, abs=1e-5)
            assert (one.accuracy, one.validation) == (other.accuracy, other.validation)
        state = together.network.state_dict()
        for key, tensor in alone.network.state_dict().items():
            torch.testing.assert_close(state[key], tensor, atol=1e-5, rtol=0, msg=key)


def test_shared_statistics_of_one_process_are_those_of_batch_normalisation(tmp_path: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        outcomes = []
        for context in (None, SharedStatistics()):
            torch.manual_seed(0)
            x, goal = torch.randn(5, 3, 2, 4, requires_grad=True), torch.randn(5, 3, 2, 4)
            norm = ChannelNorm(4)
            with torch.no_grad():
                norm.weight.uniform_(0.5, 2)
                norm.bias.uniform_(-1, 1)
            if context:
                with context:
                    y = norm(x)
            else:
                y = norm(x)
            (y * goal).sum().backward()
            outcomes.append([y, x.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var])
            with context or torch.no_grad():
                outcomes[-1].append(norm.eval()(x))
    finally:
        torch.distributed.destroy_process_group()
    for one, other in zip(*outcomes, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
