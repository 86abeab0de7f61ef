"""sadvae repeats recordings of the published code: those of the golden folder, and those of a plain second oracle."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sadvae.errors import SadvaeError
from tests.conftest import ROOT
from tests.reference import kernels, plain, plain_gate
from tests.reference.replay import TOLERANCE, Recording, relative_deviation, replay
from tests.reference.replay import main as replay_main
from tests.reference.replay_gate import main as gate_main
from tests.reference.replay_gate import read_recording, replay_gate

RECORDINGS = {
    "usual": plain.Config(),
    "other sizes": plain.Config(d_skeleton=33, d_text=17, latent=12, style=7, batch=5, iterations=13, seed=1),
    "D_T at every step": plain.Config(dis_step=1, epochs=4, iterations=12, batch=4, seed=2),
    "D_T never": plain.Config(dis_step=30, iterations=9, seed=3),
    "D_T with other rate": plain.Config(dis_step=7, iterations=30, epochs=4, lr=3e-3, seed=4),
    "one of everything": plain.Config(batch=1, iterations=1, epochs=1, unseen=1, classes=3, seed=5),
    "many unseen": plain.Config(classes=20, unseen=12, latent=16, style=2, epochs=2, samples=100, lr=3.4e-5, seed=6),
}
GATES = {
    "usual": plain_gate.Config(),
    "more unseen than seen clips": plain_gate.Config(val_unseen=200, val_seen=70, seed=1),
    "more than 1800 clips a side": plain_gate.Config(val_unseen=1900, val_seen=2500, seed=2),
    "many classes": plain_gate.Config(seen=40, unseen=15, seed=3),
    "few clips": plain_gate.Config(val_unseen=13, val_seen=8, test=50, seed=4),
}

NEEDS_KERNELS = pytest.mark.skipif(
    not kernels.available(), reason="kernels can be chosen with torch's MKL on Linux and x86-64 alone"
)


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of numbers recorded from the published code itself."""
    folder = Path(os.environ.get("SADVAE_GOLDEN", ROOT.parent / "shared" / "golden"))
    if not (folder / "training.npz").is_file():
        pytest.skip(f"no golden recordings at {folder}; set SADVAE_GOLDEN to run this test")
    return folder


def write(path: Path, arrays: plain.Arrays) -> Path:
    np.savez(path, **arrays)  # pyright: ignore[reportArgumentType]
    return path


@pytest.fixture
def own_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the kernels of other processors, which take a process each."""
    monkeypatch.setattr(kernels, "available", lambda: False)


def has_avx512() -> bool:
    """Whether this processor can run what the recording's ran."""
    about = Path("/proc/cpuinfo")
    return about.is_file() and "avx512f" in about.read_text()


def test_golden_training_is_repeated(golden: Path) -> None:
    parts = replay(golden / "training.npz")
    assert parts["losses"].largest <= TOLERANCE
    assert parts["parameters"].largest <= TOLERANCE
    assert parts["classifier"].holds


@NEEDS_KERNELS
@pytest.mark.skipif(not has_avx512(), reason="the golden recording was made with AVX-512, which this processor lacks")
def test_the_golden_classifier_is_repeated_to_the_last_bit(golden: Path) -> None:
    words = (sys.executable, ROOT / "tests/reference/replay.py", "--exact", golden / "training.npz")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "classifier: largest relative deviation 0 (" in done.stdout
    assert "rounding" not in done.stdout


@NEEDS_KERNELS
@pytest.mark.parametrize("name", kernels.KERNELS)
def test_all_kernels_multiply(name: str) -> None:
    code = (
        "import sys, torch\n"
        "from tests.reference import kernels\n"
        "kernels.take(sys.argv[1])\n"
        "one, two = torch.randn(70, 90), torch.randn(90, 50)\n"
        "torch.testing.assert_close((one @ two).double(), one.double() @ two.double(), rtol=1e-4, atol=1e-4)\n"
    )
    done = subprocess.run((sys.executable, "-c", code, name), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_kernels_that_cannot_be_chosen_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels.platform, "machine", lambda: "arm64")
    assert not kernels.available()
    with pytest.raises(RuntimeError, match="on Linux and x86-64 alone"):
        kernels.take("intel")


def test_golden_gate_is_repeated(golden: Path) -> None:
    found, recorded, weights = replay_gate(golden / "gate.npz")
    assert found == pytest.approx(recorded, abs=1e-9)
    assert weights is not None
    assert weights <= TOLERANCE


def test_the_plain_training_agrees_with_the_golden_one(golden: Path) -> None:
    recording = Recording.read(golden / "training.npz")
    found = plain.train(recording.arrays)
    assert len(found) == 1 + 3 * 16
    for name, value in found.items():
        assert relative_deviation(value, recording.arrays[name]) <= TOLERANCE, name
    classifier = plain.train_classifier(recording.arrays, plain.final_weights(recording.arrays))
    assert classifier["classifier.accuracy"] == recording.arrays["classifier.accuracy"]
    for name, value in classifier.items():
        assert relative_deviation(value, recording.arrays[name]) <= 0.05, name


def test_the_plain_gate_agrees_with_the_golden_one(golden: Path) -> None:
    arrays, recorded = read_recording(golden / "gate.npz")
    found = plain_gate.fit_and_score(arrays)
    np.testing.assert_allclose(found["gate_coefficients"], arrays["gate_coefficients"], rtol=1e-4)
    write_and_read = plain_gate.json.loads(str(found["result"]))
    assert write_and_read == pytest.approx(recorded, abs=1e-9)


@pytest.mark.parametrize("config", RECORDINGS.values(), ids=RECORDINGS.keys())
def test_plain_recordings_are_repeated(config: plain.Config, tmp_path: Path) -> None:
    parts = replay(write(tmp_path / "r.npz", plain.record(config)))
    assert set(parts) == {"losses", "parameters", "classifier"}
    assert parts["losses"].largest <= TOLERANCE
    assert parts["parameters"].largest <= TOLERANCE
    assert parts["classifier"].holds


def test_a_recording_without_classifier_is_repeated(tmp_path: Path) -> None:
    path = write(tmp_path / "r.npz", plain.record(plain.Config(epochs=1), classifier=False))
    assert set(replay(path)) == {"losses", "parameters"}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("losses", "losses"),
        ("after_epoch_1.text_decoder.model.0.weight", "parameters"),
        ("after_epoch_2.discriminator.net.2.bias", "parameters"),
        ("classifier.final.model.0.weight", "classifier"),
        ("classifier.probabilities", "classifier"),
    ],
)
@pytest.mark.usefixtures("own_kernels")
def test_a_changed_number_is_noticed(name: str, part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = plain.Config(iterations=8, batch=3, dis_step=2, unseen=1, samples=20)
    arrays = plain.record(config, classifier=part == "classifier")
    changed = arrays[name].copy()
    changed.ravel()[-1] += 0.02 * np.abs(changed).max()
    assert run(replay_main, write(tmp_path / "r.npz", arrays | {name: changed})) == 1
    printed = capsys.readouterr().out.splitlines()
    off = [line.split(":")[0] for line in printed[:-1] if "deviation 0.0" in line]
    assert off == [part]
    assert "DOES NOT HOLD" in printed[-1]


@pytest.mark.usefixtures("own_kernels")
def test_a_last_weight_of_another_shape_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "after_epoch_1.text_encoder.mu.0.weight"
    arrays = plain.record(plain.Config(epochs=2, iterations=5))
    assert run(replay_main, write(tmp_path / "r.npz", arrays | {name: arrays[name][:-1]})) == 1
    assert f"parameters: largest relative deviation inf ({name}" in capsys.readouterr().out


def test_another_training_is_noticed(tmp_path: Path) -> None:
    """A recording whose D_T was stepped at other iterations, or with another rate, is not repeated."""
    config = plain.Config(epochs=3, iterations=12, dis_step=3)
    arrays = plain.record(config, classifier=False)
    rate = plain.record(replace(config, lr=1.1e-3), classifier=False)
    path = write(tmp_path / "r.npz", rate | {"config": arrays["config"]})
    assert not replay(path)["parameters"].holds
    path = write(tmp_path / "s.npz", arrays | {"permutations": arrays["permutations"][:, ::-1]})
    assert not replay(path)["parameters"].holds


def run(entry, *arguments: object) -> int:
    before, sys.argv = sys.argv, ["replay", *map(str, arguments)]
    try:
        return entry()
    finally:
        sys.argv = before


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"config": None}, "lacks 'config'"),
        ({"noise": None}, "lacks 'noise'"),
        ({"initial.text_decoder.model.0.bias": None}, "lacks 'initial.text_decoder.model.0.bias'"),
        ({"config": np.array("{")}, "config is not JSON"),
        ({"config": np.array('{"lr": 1}')}, "'dis_step'"),
        ({"losses": np.zeros((2, 2))}, "do not fit"),
        ({"permutations": np.zeros((0, 2, 8), np.int64)}, "draws permutations for 8 rows; the recording has no more"),
        ({"noise": np.zeros((999, 8, 1), np.float32)}, "noise of the recording are left over"),
        ({"initial.text_decoder.model.0.bias": np.zeros(3, np.float32)}, "initial weights do not fit"),
        ({"labels": np.full((1, 20, 8), 99)}, "error: index"),
        ({"classifier.noise": np.zeros((7, 1), np.float32)}, "no multiple of 3 classes"),
        ({"classifier.initial.model.0.weight": None}, "lacks 'classifier.initial.model.0.weight'"),
    ],
)
def test_files_that_are_no_recordings_are_named(changes, match, tmp_path, capsys) -> None:
    arrays = plain.record(plain.Config(epochs=1)) | changes
    path = write(tmp_path / "r.npz", {name: value for name, value in arrays.items() if value is not None})
    assert run(replay_main, path) == 2
    assert match in capsys.readouterr().err


def test_broken_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.npz").write_bytes(b"PK not a zip")
    for entry in (replay_main, gate_main):
        assert run(entry, tmp_path / "x.npz") == 2
        assert run(entry, tmp_path / "absent.npz") == 2
        assert "absent.npz does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("config", GATES.values(), ids=GATES.keys())
def test_plain_gates_are_repeated(config: plain_gate.Config, tmp_path: Path) -> None:
    found, recorded, weights = replay_gate(write(tmp_path / "g.npz", plain_gate.record(config)))
    assert found == pytest.approx(recorded, abs=1e-9)
    assert weights is not None
    assert weights <= TOLERANCE


def test_a_changed_gate_is_noticed(tmp_path: Path) -> None:
    arrays = plain_gate.record(plain_gate.Config())
    changed = arrays | {"gate_coefficients": arrays["gate_coefficients"] * 1.01}
    assert run(gate_main, write(tmp_path / "g.npz", arrays)) == 0
    assert run(gate_main, write(tmp_path / "h.npz", changed)) == 1
    result = str(arrays["result"]).replace('"temperature": ', '"temperature": 1')
    assert run(gate_main, write(tmp_path / "i.npz", arrays | {"result": np.array(result)})) == 1


@pytest.mark.parametrize("name", ["val_seen_zs", "result", "test_labels"])
def test_files_that_are_no_gate_recordings_are_named(name: str, tmp_path: Path) -> None:
    arrays = plain_gate.record(plain_gate.Config())
    with pytest.raises(SadvaeError, match=f"lacks '{name}'"):
        read_recording(write(tmp_path / "g.npz", {k: v for k, v in arrays.items() if k != name}))
    arrays["test_labels"] = arrays["test_labels"][:5]
    with pytest.raises(SadvaeError, match="rows of probabilities and logits differ"):
        read_recording(write(tmp_path / "g.npz", arrays))


@pytest.mark.parametrize("script", ["replay.py", "replay_gate.py", "plain.py", "plain_gate.py"])
def test_scripts_run_from_the_command_line(script: str) -> None:
    command = [sys.executable, str(ROOT / "tests" / "reference" / script), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout
