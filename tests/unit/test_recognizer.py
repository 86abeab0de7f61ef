"""A recogniser: its folder, its answers, what it remembers, and the hub's way of sharing it."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from sadvae.encoders.extract import extract
from sadvae.errors import SadvaeError
from sadvae.files import write_json
from sadvae.methods.calibration import fit_scores, tempered
from sadvae.methods.gate import GateInput, MaxProbabilityGate, gate_to_json
from sadvae.methods.store import save_trained
from sadvae.recognition.answers import NONE_OF_THESE
from sadvae.recognition.asked import prepared
from sadvae.recognition.folder import is_recognizer, read_parts
from sadvae.recognizer import Prediction, Recognizer
from sadvae.text.class_lists import class_texts
from sadvae.types import FeatureSet, FloatArray, SkeletonClip
from tests.conftest import make_clips
from tests.recognizers import CALIBRATION, CLASSES, WIDTH, WordVectors, recognizer

CLIPS = list(make_clips(classes=1, subjects=3, repetitions=2).clips)
TEMPERATURE = CALIBRATION.model_dump()["unseen"]
FIT = CALIBRATION.model_dump()["fit"]
NEW = ["fall down", "swim", "read a book"]
ABOUT = recognizer().config.model_dump(mode="json")
ENCODER_ABOUT = recognizer().encoder.describe()


def numbers(found: list[Prediction]) -> list[list[tuple[str, float]]]:
    return [[(answer.name, answer.probability) for answer in one.answers] for one in found]


def fits_of(found: list[Prediction]) -> np.ndarray:
    return np.array([one.fits for one in found], np.float64)


def features_of(found: Recognizer, clips: list[SkeletonClip]) -> FeatureSet:
    return extract(found.encoder, prepared(clips, found.encoder.layout, found.config.prepare))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    recognizer().save(tmp_path / "saved")
    return tmp_path / "saved"


def test_a_folder_holds_three_files_and_answers_as_before(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert is_recognizer(saved)
    before, after = recognizer(), Recognizer.load(saved, WordVectors())
    assert after.config == before.config
    assert after.calibration == CALIBRATION
    for mode in ("zsl", "gzsl"):
        assert after.predict(CLIPS, NEW, mode=mode) == before.predict(CLIPS, NEW, mode=mode)


def test_a_folder_of_the_first_format_is_read(tmp_path: Path) -> None:
    found, folder = recognizer(), tmp_path / "old"
    found.encoder.save(folder / "encoder")
    save_trained(folder / "method", found.trained)
    assert found.gate is not None
    write_json(folder / "gate.json", gate_to_json(found.gate))
    about = found.config.model_dump(mode="json") | {"record": {"experiment": "x", "split": "y", "seed": 3}}
    write_json(folder / "config.json", {"format": "sadvae-recognizer-1", **about})
    old = Recognizer.load(folder, WordVectors())
    assert (old.config.record.experiment, old.config.record.seed, old.calibration) == ("x", 3, None)
    plain = recognizer(calibration=None)
    for mode in ("zsl", "gzsl"):
        assert old.predict(CLIPS, NEW, mode=mode) == plain.predict(CLIPS, NEW, mode=mode)
    assert old.predict(CLIPS[0], NEW)[0].fits is None


def damage(folder: Path, change: dict[str, Any]) -> None:
    about = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(about | change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "sadvae-recognizer-9"}, "has format 'sadvae-recognizer-9'; this version reads"),
        ({"format": "sadvae-onnx-1"}, "is an export to ONNX; name the recogniser that it was made of"),
        ({"recognizer": {"dataset": 3}}, "is not a recogniser's"),
        ({"method": {"method": "magic"}}, "magic"),
        ({"encoder": {}}, "is not a recogniser of sadvae"),
        ({"calibration": {"fit": 1}}, "is not a recogniser's"),
        ({"calibration": {"unseen": TEMPERATURE | {"value": 0}}}, "is not a recogniser's"),
        ({"calibration": {"unseen": TEMPERATURE | {"value": math.inf}}}, "is not a recogniser's"),
        ({"calibration": {"fit": FIT | {"slope": math.nan}}}, "is not a recogniser's"),
        ({"gate": {"kind": "max_probability"}}, "does not hold a gate"),
        ({"recognizer": ABOUT | {"seen": [99]}}, "seen names class 99, and there are classes 0 to 5"),
        ({"recognizer": ABOUT | {"seen": [-1]}}, "seen names class -1, and there are classes 0 to 5"),
        ({"recognizer": ABOUT | {"seen": []}}, "seen names no class"),
        (
            {"recognizer": ABOUT | {"class_names": [*CLASSES, "fall"], "seen": [0, 1, 2, 6]}},
            "trained class 6 is none of the 6 that its encoder tells apart",
        ),
        ({"encoder": ENCODER_ABOUT | {"class_count": 10**30}}, "is not a recogniser of sadvae"),
        ({"encoder": ENCODER_ABOUT | {"class_count": math.inf}}, "is not a recogniser of sadvae"),
        ({"encoder": ENCODER_ABOUT | {"layout": ENCODER_ABOUT["layout"] | {"hips": [0]}}}, "is not a recogniser of"),
    ],
)
def test_a_changed_config_is_refused_in_one_sentence(saved: Path, change: dict[str, Any], said: str) -> None:
    damage(saved, change)
    with pytest.raises(SadvaeError, match=r"^[^\n]*\Z") as refused:
        Recognizer.load(saved)
    assert said in str(refused.value)


def test_weights_that_are_cut_or_missing_are_refused(saved: Path) -> None:
    data = (saved / "model.safetensors").read_bytes()
    (saved / "model.safetensors").write_bytes(data[:500])
    with pytest.raises(SadvaeError, match="is not a recogniser of sadvae"):
        read_parts(saved)
    (saved / "model.safetensors").unlink()
    with pytest.raises(SadvaeError, match="does not exist"):
        read_parts(saved)
    with pytest.raises(SadvaeError, match="is not a recogniser folder"):
        Recognizer.load(saved / "no")
    (saved / "config.json").write_text("[]")
    with pytest.raises(SadvaeError, match="has format None"):
        read_parts(saved)
    assert not is_recognizer(saved)


def test_zsl_probabilities_are_those_of_the_method_under_its_temperature() -> None:
    found = recognizer()
    texts = WordVectors().encode([f"{name}" for name in NEW])
    raw = found.trained.unseen_probabilities(features_of(found, CLIPS).features, found.embed(NEW))
    unit = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    np.testing.assert_allclose(found.embed(NEW), unit, rtol=1e-5)
    expected = tempered(np.log(raw), 0.5)
    for row, prediction in zip(expected, found.predict(CLIPS, NEW), strict=True):
        by_name = {answer.name: answer.probability for answer in prediction.answers}
        np.testing.assert_allclose([by_name[name] for name in NEW], row, rtol=1e-4)
        assert prediction.best.probability == pytest.approx(row.max(), rel=1e-4)


def test_the_fit_is_that_of_the_best_name_against_the_best_trained_class() -> None:
    found = recognizer()
    assert CALIBRATION.fit is not None
    both = found.embed([*NEW, *CLASSES[:4]])
    logits = np.log(found.trained.unseen_probabilities(features_of(found, CLIPS).features, both))
    expected = CALIBRATION.fit.probability(fit_scores(logits[:, :3], logits[:, 3:]))
    predicted = found.predict(CLIPS, NEW)
    np.testing.assert_allclose(fits_of(predicted), expected, rtol=1e-4)
    assert [p.none_of_these for p in predicted] == (expected < 0.5).tolist()
    # A name that was typed is no rival, though it is the name of a trained class.
    typed = found.predict(CLIPS, [*NEW, "WAVE"])
    both = found.embed([*NEW, "WAVE", *CLASSES[1:4]])
    logits = np.log(found.trained.unseen_probabilities(features_of(found, CLIPS).features, both))
    expected = CALIBRATION.fit.probability(fit_scores(logits[:, :4], logits[:, 4:]))
    np.testing.assert_allclose(fits_of(typed), expected, rtol=1e-4)


def test_clips_of_one_name_get_numbers() -> None:
    found = recognizer()
    twice = [CLIPS[0], replace(CLIPS[1], clip_id=CLIPS[0].clip_id)]
    assert [p.clip_id for p in found.predict(twice, NEW)] == [f"{CLIPS[0].clip_id} ({number})" for number in (1, 2)]
    assert [e.clip_id for e in found.explain(twice, NEW)] == [f"{CLIPS[0].clip_id} ({number})" for number in (1, 2)]
    np.testing.assert_allclose(fits_of(found.predict(twice, NEW)), fits_of(found.predict(CLIPS[:2], NEW)), rtol=1e-5)
    assert [p.clip_id for p in found.predict(CLIPS, NEW)] == [clip.clip_id for clip in CLIPS]


def test_none_of_these_is_said_below_what_is_asked_for() -> None:
    found = recognizer()
    always, never = (found.predict(CLIPS, NEW, none_of_these=below) for below in (1.0, 0.0))
    assert all(p.none_of_these and p.name == NONE_OF_THESE for p in always)
    assert not any(p.none_of_these for p in never)
    assert [p.name for p in never] == [p.best.name for p in never]
    assert numbers(always) == numbers(never)
    uncalibrated = recognizer(calibration=None).predict(CLIPS, NEW, none_of_these=1.0)
    assert not any(p.none_of_these for p in uncalibrated)


def test_gzsl_weighs_trained_and_new_names_by_the_gate() -> None:
    found = recognizer()
    features = features_of(found, CLIPS)
    assert features.seen_logits is not None
    assert found.gate is not None
    raw = found.trained.unseen_probabilities(features.features, found.embed(NEW))
    gate = found.gate.seen_probability(GateInput(raw, features.seen_logits), (0, 1, 2, 3))
    seen, new = tempered(features.seen_logits[:, :4], 2.0), tempered(np.log(raw), 0.5)
    zsl_fits = fits_of(found.predict(CLIPS, NEW))
    for i, prediction in enumerate(found.predict(CLIPS, NEW, mode="gzsl")):
        by_name = {answer.name: answer.probability for answer in prediction.answers}
        assert list(by_name) != sorted(by_name)
        np.testing.assert_allclose([by_name[n] for n in CLASSES[:4]], seen[i] * gate[i], rtol=1e-4)
        np.testing.assert_allclose([by_name[n] for n in NEW], new[i] * (1 - gate[i]), rtol=1e-4)
        assert sum(by_name.values()) == pytest.approx(1, abs=1e-5)
        assert prediction.fits == pytest.approx(gate[i] + (1 - gate[i]) * zsl_fits[i], rel=1e-4)


def test_trained_classes_have_the_logits_of_their_ids() -> None:
    plain, names = recognizer(calibration=None), ["squat", "jump", "kick", "clap"]
    found = replace(plain, config=plain.config.model_copy(update={"seen": (1, 3, 4, 5)}))
    logits = features_of(plain, CLIPS).seen_logits
    assert logits is not None
    for one, row in zip(found.predict(CLIPS, names, mode="gzsl"), logits, strict=True):
        expected = dict(zip(names, softmax(row[[1, 3, 4, 5]]), strict=True))
        assert {a.name: a.probability for a in one.answers} == pytest.approx(expected, abs=1e-5)


def test_the_gate_reads_what_the_method_gives_not_what_is_calibrated() -> None:
    class Spy(MaxProbabilityGate):
        def seen_probability(self, clips: GateInput, seen_ids: Any) -> FloatArray:
            read.append(clips.unseen_probabilities)
            return super().seen_probability(clips, seen_ids)

    read: list[FloatArray] = []
    plain = recognizer()
    replace(plain, gate=Spy(1.0, 0.2), known_texts=None).predict(CLIPS, NEW, mode="gzsl")
    raw = plain.trained.unseen_probabilities(features_of(plain, CLIPS).features, plain.embed(NEW))
    np.testing.assert_allclose(read[0], raw, atol=1e-6)


def test_gzsl_takes_the_name_of_a_trained_class_for_that_class() -> None:
    found = recognizer()
    alone = found.predict(CLIPS, ["swim"], mode="gzsl")
    assert numbers(found.predict(CLIPS, ["swim", "bow"], mode="gzsl")) == numbers(alone)
    told = found.predict(CLIPS, ["swim", "wave"], [[], ["An arm is up."]], mode="gzsl")
    assert {a.name for a in told[0].answers} == {*CLASSES[:4], "swim", "wave (new)"}
    only = found.predict(CLIPS, ["wave", "squat"], mode="gzsl")
    assert {a.name for a in only[0].answers} == set(CLASSES[:4])
    assert only[0].fits is None


def test_what_cannot_be_asked_is_refused() -> None:
    found = recognizer()
    for names, said in (([], "no class names"), (["a", " a"], "given twice"), ("wave", "give a list of names")):
        with pytest.raises(SadvaeError, match=said):
            found.predict(CLIPS, names)
    with pytest.raises(SadvaeError, match="unknown mode 'both'"):
        found.predict(CLIPS, NEW, mode="both")  # type: ignore[arg-type]
    with pytest.raises(SadvaeError, match="3 class names come with 1 lists"):
        found.predict(CLIPS, NEW, [["x"]])
    for few in (0, -1):
        with pytest.raises(SadvaeError, match=f"top_k is {few}; expected at least 1 answer a clip"):
            found.predict(CLIPS, NEW, top_k=few)
    with pytest.raises(SadvaeError, match="no clips to recognise"):
        found.predict([], NEW)
    with pytest.raises(SadvaeError, match="has no gate"):
        replace(found, gate=None).predict(CLIPS, NEW, mode="gzsl")


def test_a_name_is_embedded_once_and_a_new_one_alone() -> None:
    words = WordVectors()
    found = recognizer(words)
    words.asked.clear()
    first = found.predict(CLIPS, NEW)
    assert words.asked == NEW
    assert found.predict(CLIPS, NEW) == first
    found.predict(CLIPS, [*NEW, "dive"])
    found.predict(CLIPS, ["dive"], [["Hands first."]])
    assert words.asked == [*NEW, "dive", *words.asked[4:]]
    assert len(words.asked) == 5


def test_a_name_of_a_built_in_list_takes_its_descriptions_from_there() -> None:
    texts, words = class_texts("utd_mhad"), WordVectors()
    plain = recognizer(words)
    found = replace(plain, config=plain.config.model_copy(update={"text_mode": "descriptions"}))
    found.embed([texts.names[0]])
    assert set(texts.descriptions[0]) <= set(words.asked)


def test_names_beyond_the_limit_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sadvae.recognition.memory.MOST_NAMES", 2)
    words = WordVectors()
    found = recognizer(words)
    words.asked.clear()
    assert found.embed(["a", "b", "c"]).shape == (3, WIDTH)
    found.embed(["c", "b"])
    assert words.asked == ["a", "b", "c"]
    found.embed(["a"])
    assert words.asked == ["a", "b", "c", "a"]


def test_the_model_card_tells_data_split_certainty_limits_and_licence(saved: Path) -> None:
    card = (saved / "README.md").read_text()
    assert card.startswith("---\nlicense: other\nlibrary_name: sadvae\n")
    for said in (
        "Data set: sticks",
        "2 clips of 4 classes, 2 people: wave, squat, Bow, jump",
        "error 30.0 % before, 10.0 % after temperature 0.50 (20 clips)",
        "said of 80 % of the clips that no name fits, and of 10 %",
        "## Limits",
        "learned from sticks",
    ):
        assert said in card
    assert "not calibrated" in _card(recognizer(calibration=None), saved.parent / "plain")


def _card(found: Recognizer, folder: Path) -> str:
    found.save(folder)
    return (folder / "README.md").read_text()


class Hub:
    """The hub's client, with a folder in place of the network."""

    folder: Path
    calls: tuple[Any, ...] = ()

    def __init__(self, token: str | None = None) -> None:
        self.token = token

    def create_repo(self, repo_id: str, *, private: bool | None, exist_ok: bool) -> Any:
        Hub.calls = (self.token, repo_id, private, exist_ok)
        if repo_id.startswith("refused/"):
            raise PermissionError("403 Forbidden.\nmore")
        return type("Url", (), {"repo_id": repo_id})

    def upload_folder(self, *, repo_id: str, folder_path: Path, commit_message: str, **options: Any) -> str:
        assert {name: value for name, value in options.items() if value is not None} == {"repo_type": "model"}
        shutil.copytree(folder_path, Hub.folder / repo_id)
        return f"https://hub/{repo_id}/{commit_message}"


def test_a_recogniser_goes_to_the_hub_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot_download(name: str, *, revision: str | None, allow_patterns: list[str], **options: Any) -> str:
        usual = {"token": None, "cache_dir": None, "force_download": False}
        assert (revision, options) == ("v1", {"local_files_only": True, **usual})
        assert set(allow_patterns) == {"README.md", "config.json", "model.safetensors"}
        return str(Hub.folder / name)

    Hub.folder = tmp_path

    def hf_hub_download(repo_id: str, filename: str, **options: Any) -> str:
        assert (options["revision"], options["local_files_only"]) == ("v1", True)
        return str(Hub.folder / repo_id / filename)

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Hub)
    monkeypatch.setattr("huggingface_hub.hub_mixin.hf_hub_download", hf_hub_download)
    monkeypatch.setattr("sadvae.recognition.hub_folder.snapshot_download", snapshot_download)
    found = recognizer()
    assert found.push_to_hub("me/mine", private=True, token="t", message="first") == "https://hub/me/mine/first"
    assert Hub.calls == ("t", "me/mine", True, True)
    again = Recognizer.from_pretrained("me/mine", revision="v1", local_files_only=True)
    words = replace(again, text_encoder=WordVectors())
    assert words.predict(CLIPS, NEW) == found.predict(CLIPS, NEW)
    assert sorted(path.name for path in (tmp_path / "me" / "mine").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert (tmp_path / "me" / "mine" / "README.md").read_text() == _card(found, tmp_path / "own")
    with pytest.raises(SadvaeError, match=r"the model hub did not take 'refused/x' \(403 Forbidden\)"):
        found.push_to_hub("refused/x")


def test_from_pretrained_takes_folders_and_says_what_is_not_there(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Recognizer.from_pretrained(saved).config == recognizer().config
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SadvaeError, match="'nobody/nothing' is neither a folder here nor"):
        Recognizer.from_pretrained("nobody/nothing", local_files_only=True, cache_dir=saved.parent / "cache")
    with pytest.raises(SadvaeError, match="is not a recogniser folder"):
        Recognizer.from_pretrained(saved / "no" / "such")
