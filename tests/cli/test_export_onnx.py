"""An exported recogniser says what the recogniser says, without torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from sadvae.errors import SadvaeError
from sadvae.methods.calibration import Calibration
from sadvae.methods.gate import Gate, PublishedGateOf
from sadvae.methods.protocol import Trained
from sadvae.methods.published_gate import PublishedGate
from sadvae.recognition.config import RecognizerConfig
from sadvae.recognition.folder import Parts
from sadvae.recognition.question import Question
from sadvae.recognizer import Recognizer
from sadvae.recordings.live import Stream
from sadvae.recordings.timeline import timeline
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.generated import GeneratedSettings, generate_clip_set
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.text.encoders import load_text_encoder
from sadvae.types import ClipSet, FeatureSet, SkeletonClip
from tests.cli.conftest import CommandLine
from tests.onnx_samples import (
    CALIBRATION,
    CLASSES,
    GATE,
    LAYOUT,
    TEXT,
    WIDTH,
    cca,
    linear,
    random_encoder,
    random_sa_dvae,
    random_taught,
    smie,
)
from tests.unit.text_models import save_bert

for library in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(library, reason=f"{library} is not installed; pip install '.[onnx]'")

from sadvae.onnx_export import write  # noqa: E402
from sadvae.onnx_export.decision_graph import Decision  # noqa: E402
from sadvae.onnx_export.encoder_graph import ClipEncoder  # noqa: E402
from sadvae.onnx_export.write import export_onnx, write_graph  # noqa: E402
from sadvae.portable.recognizer import PortableRecognizer  # noqa: E402

NAMES = ("a person waves", "kicks the left leg", "squat", "the right hand")


@dataclass(frozen=True)
class Exported:
    recognizer: Recognizer
    folder: Path
    portable: PortableRecognizer


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("onnx")
    (folder / "bert").mkdir()
    save_bert(folder / "bert")
    config = RecognizerConfig(
        dataset="generated",
        class_names=("wave", "squat", "bow", "kick", "jump"),
        seen=(0, 1, 3),
        prepare=PrepareSettings(),
        text_encoder=str(folder / "bert"),
        text_mode="descriptions",
        version="0",
    )
    text = load_text_encoder(str(folder / "bert"))
    recognizer = Recognizer(config, random_encoder(), random_sa_dvae(), GATE, text, CALIBRATION)
    recognizer = replace(recognizer, known_texts=recognizer.embed(config.seen_names))
    recognizer.save(folder / "recognizer")
    export_onnx(recognizer, folder / "graphs", ["squat", "the left hand"])
    return Exported(recognizer, folder / "graphs", PortableRecognizer.load(folder / "graphs"))


@pytest.fixture(scope="session")
def clips() -> ClipSet:
    """More than 200 generated clips of many lengths, some with a second body and some with padding beside them."""
    made = generate_clip_set(GeneratedSettings(subjects=6, repetitions=1, seed=3))
    several = []
    for number, (clip, other) in enumerate(pairwise([*made.clips, made.clips[0]])):
        frames = clip.joints.shape[1] - number % 37
        second = np.resize(other.joints[:, :frames], (1, frames, 25, 3)) * (number % 3 == 1)
        joints = np.concatenate([clip.joints[:, :frames], second]) if number % 3 else clip.joints[:, :frames]
        several.append(replace(clip, joints=joints.astype(np.float32), label=None))
    return replace(made, clips=tuple(several))


def test_features_and_logits_agree_on_200_clips_of_differing_length(exported: Exported, clips: ClipSet) -> None:
    from sadvae.recognition.asked import prepared

    asked = prepared(clips.clips, LAYOUT, exported.recognizer.config.prepare)
    assert len(asked.clips) >= 200
    assert len({clip.joints.shape[1] for clip in asked.clips}) > 30
    assert {len(clip.joints) for clip in asked.clips} == {1, 2}
    features, logits = exported.portable.encoder(asked)
    expected = exported.recognizer.memory.features(exported.recognizer.encoder, asked)
    assert expected.seen_logits is not None
    np.testing.assert_allclose(features, expected.features, atol=1e-4)
    np.testing.assert_allclose(logits, expected.seen_logits, atol=1e-4)
    assert expected.features.std() > 0.1


@pytest.mark.parametrize("mode", ["zsl", "gzsl"])
@pytest.mark.parametrize("names", [NAMES, ("squat",), ("wave", "squat", "kick"), ("wave", "fly a kite")])
def test_predictions_agree_on_200_clips(exported: Exported, clips: ClipSet, mode: str, names: tuple[str, ...]) -> None:
    asked = clips.clips if names == NAMES else clips.clips[:5]
    expected = exported.recognizer.predict(asked, names, mode=mode)  # pyright: ignore[reportArgumentType]
    found = exported.portable.predict(asked, names, mode=mode)  # pyright: ignore[reportArgumentType]
    assert [p.clip_id for p in found] == [p.clip_id for p in expected]
    for one, other in zip(found, expected, strict=True):
        given = {answer.name: answer.probability for answer in one.answers}
        assert given == pytest.approx({a.name: a.probability for a in other.answers}, abs=1e-4)
        assert one.fits == (None if other.fits is None else pytest.approx(other.fits, abs=1e-4))
        assert one.none_of_these == other.none_of_these or one.fits == pytest.approx(0.5, abs=1e-4)


def test_the_default_of_movement_beside_a_network_agrees(
    exported: Exported, clips: ClipSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, graph = random_encoder(features="kinematics"), tmp_path / "linear" / "encoder.onnx"
    for kind in ("linear", "disentangled"):
        recognizer = replace(exported.recognizer, encoder=encoder, trained=random_taught(kind))
        export_onnx(recognizer, tmp_path / kind, list(NAMES), text_model=False)
        # The second shares the first's encoder, whose graph takes long to write.
        monkeypatch.setattr(write, "_write_encoder", lambda _, folder: shutil.copy(graph, folder))
        portable = PortableRecognizer.load(tmp_path / kind)
        for mode in ("zsl", "gzsl"):
            expected, found = (r.predict(clips.clips[:40], NAMES, mode=mode) for r in (recognizer, portable))
            for one, other in zip(found, expected, strict=True):
                given = {answer.name: answer.probability for answer in one.answers}
                assert given == pytest.approx({a.name: a.probability for a in other.answers}, abs=1e-4)


def test_text_vectors_agree_for_new_names_descriptions_and_long_texts(exported: Exported) -> None:
    told = [["a person kicks the left leg"], [], ["the right hand waves " * 9, "a leg"], []]
    for descriptions in (None, told):
        found = exported.portable.embed(NAMES, descriptions)
        np.testing.assert_allclose(found, exported.recognizer.embed(NAMES, descriptions), atol=1e-5)


BARE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError("refused " + name, name=name)

sys.meta_path.insert(0, Refuse())
import json
import numpy as np
from sadvae.portable.recognizer import PortableRecognizer
from sadvae.types import SkeletonClip

recognizer = PortableRecognizer.load({folder!r})
clip = SkeletonClip(np.load({array!r}), recognizer.config.layout, "clip")
found = recognizer.predict(clip, {names!r}, mode="gzsl")[0]
assert "torch" not in sys.modules
print(json.dumps([[a.name, a.probability] for a in found.answers]))
"""


def test_predicting_takes_numpy_onnxruntime_and_tokenizers_alone(
    exported: Exported, clips: ClipSet, tmp_path: Path
) -> None:
    blocked = ("torch", "transformers", "scipy", "sklearn", "pydantic", "typer", "rich", "safetensors", "onnx")
    # Not on every system either.
    blocked += ("fcntl", "resource")
    np.save(tmp_path / "clip.npy", clips.clips[1].joints)
    code = BARE.format(
        blocked=blocked, folder=str(exported.folder), array=str(tmp_path / "clip.npy"), names=list(NAMES)
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (expected,) = exported.recognizer.predict(clips.clips[1], NAMES, mode="gzsl")
    assert dict(json.loads(done.stdout)) == pytest.approx({a.name: a.probability for a in expected.answers}, abs=1e-4)


def test_timelines_and_streams_take_an_exported_recogniser(exported: Exported, clips: ClipSet) -> None:
    long = replace(clips.clips[0], joints=np.concatenate([c.joints[:1] for c in clips.clips[:3]], axis=1))
    one, other = (timeline(r, long, NAMES) for r in (exported.recognizer, exported.portable))
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
    stream = Stream(exported.portable, NAMES, window=1.0)
    answers = [a for frame in long.joints[0] if (a := stream.push(frame)) is not None]
    assert answers[0].prediction is not None


def test_the_command_line_exports_and_asks(
    exported: Exported, clips: ClipSet, tmp_path: Path, sadvae: CommandLine
) -> None:
    write_clips_file(tmp_path / "clip.npz", replace(clips, clips=clips.clips[:1]))
    source = exported.folder.parent / "recognizer"
    done = sadvae(
        "export", source, "--to", "onnx", "--out", tmp_path / "o", "--classes", "squat, bow", "--no-text-model"
    )
    assert done.code == 0, done.err
    assert "ask it with sadvae predict" in done.out
    asked = ("predict", tmp_path / "o", tmp_path / "clip.npz", "--classes")
    found = sadvae(*asked, "squat, bow", "--out", tmp_path / "found.json")
    assert found.code == 0, found.err
    (answers,) = json.loads((tmp_path / "found.json").read_text())
    (expected,) = exported.recognizer.predict(clips.clips[0], ["squat", "bow"])
    assert {a["name"]: a["probability"] for a in answers["answers"]} == pytest.approx(
        {a.name: a.probability for a in expected.answers}, abs=1e-4
    )
    unknown = sadvae(*asked, "squat, fly a kite")
    assert unknown.code == 2
    assert "exported without its text model and knows no vector of 'fly a kite'; it knows squat, bow" in unknown.err
    explained = sadvae(*asked, "squat, bow", "--explain")
    assert explained.code == 2
    assert "explains nothing" in explained.err
    nothing = sadvae("export", source, "--to", "onnx", "--out", tmp_path / "n", "--no-text-model")
    assert nothing.code == 2
    assert not (tmp_path / "n").exists()


ENCODERS = {
    "st_gcn_pp": {"architecture": "st_gcn_pp"},
    "ctr_gcn": {"architecture": "ctr_gcn"},
    "shift_gcn": {"architecture": "shift_gcn"},
    "late": {"fusion": "late", "streams": ("joint", "bone motion")},
    "posec3d": {"architecture": "posec3d", "streams": ("joint", "bone"), "heatmaps": {"pixels": 8, "views": ("side",)}},
}


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_architecture_has_a_graph(kind: str, tmp_path: Path) -> None:
    encoder = random_encoder(widths=(WIDTH,), strides=(2,), **ENCODERS[kind])
    inputs = [(torch.randn(body, frame, 25, 3),) for body, frame in ((2, 30), (1, 1), (3, 70))]
    shapes: dict[str, tuple[str | int, ...]] = {"joints": ("body", "frame", 25, 3)}
    # Writing checks every input against torch, and raises where one differs by more than 1e-4.
    write_graph(ClipEncoder(encoder).eval(), tmp_path / "e.onnx", shapes, inputs, ("features", "logits"))
    assert (tmp_path / "e.onnx").stat().st_size > 1000


RULES = ("cosine", "gaussian", "reconstruction", "decoded", "generated", "both")
METHODS = [linear(True), linear(False), cca(), smie(), *(random_sa_dvae(unseen_rule=rule) for rule in RULES)]
GATES = [GATE, PublishedGateOf(PublishedGate((0.5, -0.2, 0.1, 0.7, -1.1, 0.4, 0.2, 0.3), 0.2, 3.0, 0.5, 0.9)), None]


@pytest.mark.parametrize("calibration", [CALIBRATION, None])
@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("trained", METHODS)
def test_the_decision_graph_computes_what_questions_do(
    exported: Exported, trained: Trained, gate: Gate | None, calibration: Calibration | None
) -> None:
    config, rng = exported.recognizer.config, np.random.default_rng(7)
    features, logits, vectors, rivals = (
        rng.normal(size=s).astype(np.float32) for s in ((9, WIDTH), (9, CLASSES), (4, TEXT), (3, TEXT))
    )
    parts = Parts(config, exported.recognizer.encoder, trained, gate, calibration)
    with torch.inference_mode():
        unseen, seen, seen_probability, fits = (
            x.numpy() for x in Decision(parts).eval()(*map(torch.from_numpy, (features, logits, vectors, rivals)))
        )
    of = FeatureSet(features, np.zeros(9, np.int64), tuple(map(str, range(9))), None, logits)
    question = Question(parts, NAMES, vectors, (), rivals)
    np.testing.assert_allclose(unseen, question.probabilities(of), atol=1e-5)
    expected = question.fits(of)
    if expected is not None:
        np.testing.assert_allclose(fits, expected, atol=1e-4)
    if gate is not None:
        both = replace(question, trained=config.seen_names).probabilities(of)
        np.testing.assert_allclose(seen_probability, both[:, :3].sum(axis=1), atol=1e-5)
        np.testing.assert_allclose(seen * seen_probability[:, None], both[:, :3], atol=1e-5)


def test_a_rule_that_trains_when_asked_is_refused(exported: Exported, tmp_path: Path) -> None:
    trained = random_sa_dvae(unseen_rule="classifier")
    with pytest.raises(SadvaeError, match="trains a classifier on the names"):
        export_onnx(replace(exported.recognizer, trained=trained), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_differs_is_refused(tmp_path: Path) -> None:
    class Moving(torch.nn.Module):
        """Adds a number that is one at tracing and two afterwards, as a graph must not."""

        times = 0.0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            Moving.times += 1.0
            return x + Moving.times

    with pytest.raises(SadvaeError, match="differs from torch"):
        write_graph(Moving(), tmp_path / "m.onnx", {"x": ("n", 2)}, [(torch.zeros(3, 2),)], ("y",))


def damaged(exported: Exported, folder: Path) -> Path:
    shutil.copytree(exported.folder, folder)
    return folder


def test_damaged_folders_are_refused_in_words(exported: Exported, tmp_path: Path) -> None:
    one = damaged(exported, tmp_path / "graph")
    (one / "encoder.onnx").write_bytes(b"no graph")
    with pytest.raises(SadvaeError, match=r"encoder\.onnx is not an ONNX graph"):
        PortableRecognizer.load(one)
    two = damaged(exported, tmp_path / "config")
    about = json.loads((two / "config.json").read_text())
    for field, value, found in (
        ("seen", [7], "the trained classes"),
        ("layout", {}, "'name'"),
        ("prepare", about["prepare"] | {"bodies": 10**9}, "bodies of prepare"),
        ("prepare", about["prepare"] | {"fill": "yes"}, "fill of prepare"),
        ("tokens", {"inputs": []}, "'limit'"),
    ):
        (two / "config.json").write_text(json.dumps(about | {field: value}))
        with pytest.raises(SadvaeError, match=found):
            PortableRecognizer.load(two)
    three = damaged(exported, tmp_path / "tokenizer")
    (three / "tokenizer.json").write_text("{}")
    with pytest.raises(SadvaeError, match="is not a tokenizer"):
        PortableRecognizer.load(three)


@pytest.mark.parametrize(("library", "found"), [("onnxruntime", "need onnxruntime"), ("tokenizers", "by tokenizers")])
def test_a_missing_library_is_named(
    exported: Exported, monkeypatch: pytest.MonkeyPatch, library: str, found: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SadvaeError, match=found):
        PortableRecognizer.load(exported.folder)


def test_exporting_names_the_missing_library(
    exported: Exported, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(SadvaeError, match=r"needs onnxscript; run `pip install '\."):
        export_onnx(exported.recognizer, tmp_path / "x")


def test_another_layout_is_refused_or_mapped(exported: Exported) -> None:
    kinect = load_layout("kinect-v1")
    joints = np.random.default_rng(0).normal(size=(1, 30, len(kinect.joints), 3)).astype(np.float32)
    clip, told = SkeletonClip(joints, kinect, "other"), []
    with pytest.raises(SadvaeError, match="ask for --map-layout"):
        exported.portable.predict(clip, NAMES)
    exported.portable.predict(clip, NAMES, map_layout=True, note=told.append)
    assert "kinect-v1 was mapped to kinect-v2" in told[0]
