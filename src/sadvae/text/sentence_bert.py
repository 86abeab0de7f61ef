"""Sentence-BERT: a transformer, pooling over tokens, optional linear layers and normalisation.

Reimers and Gurevych, Sentence-BERT (EMNLP 2019); folders as the sentence-transformers library writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.text.model_folder import ModelFolder, Pooling, read_settings
from sadvae.text.transformer import encode_in_batches, load_pretrained, token_limit
from sadvae.types import FloatArray

ACTIVATIONS = ("Tanh", "Identity", "ReLU", "GELU")


@dataclass(frozen=True, eq=False)
class SentenceEncoder:
    """A loaded sentence-BERT model; see TextEncoder."""

    name: str
    model_hash: str
    settings: ModelFolder
    model: Any
    tokenizer: Any
    limit: int
    dense: tuple[Any, ...]

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """float32 [text, d], one row per text."""
        given = [text.lower() for text in texts] if self.settings.lower_case else list(texts)
        return encode_in_batches(given, self.tokenizer, self.limit, self.forward, self.settings.prefix)

    def forward(self, tokens: Any) -> Any:
        """Vectors [text, d] of the tokens of texts."""
        import torch

        hidden = self.model(**tokens).last_hidden_state
        vectors = pool(hidden, tokens["attention_mask"], self.settings.pooling)
        for layer in self.dense:
            vectors = layer(vectors)
        return torch.nn.functional.normalize(vectors, dim=1) if self.settings.normalize else vectors


def load_sentence_encoder(folder: Path, name: str, model_hash: str, settings: ModelFolder) -> SentenceEncoder:
    """Load a sentence-BERT model from its folder. Raises SadvaeError if it is damaged."""
    model, tokenizer = load_pretrained(settings.transformer, "AutoModel")
    limit = token_limit(model, tokenizer, settings.max_length)
    dense = tuple(_dense(path) for path in settings.dense)
    return SentenceEncoder(name, model_hash, settings, model, tokenizer, limit, dense)


def pool(hidden: Any, mask: Any, pooling: Pooling) -> Any:
    """One vector a text from its token vectors: their mean, their maximum, or the first token's (cls).

    hidden: [text, token, d]. mask: [text, token], 0 where a token is padding. Returns [text, d].
    """
    if pooling == "cls":
        return hidden[:, 0]
    kept = mask[:, :, None].to(hidden.dtype)
    if pooling == "max":
        return hidden.masked_fill(kept == 0, float("-inf")).amax(dim=1)
    return (hidden * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1e-9)


def _dense(folder: Path) -> Any:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    settings = read_settings(folder / "config.json")
    activation = str(settings.get("activation_function", "")).rsplit(".", 1)[-1]
    if activation not in ACTIVATIONS:
        raise SadvaeError(f"{folder} has activation {activation!r}; supported are {', '.join(ACTIVATIONS)}.")
    try:
        weights = load_file(folder / "model.safetensors")
        width_out, width_in = weights["linear.weight"].shape
        layer = torch.nn.Linear(width_in, width_out, bias="linear.bias" in weights)
        layer.load_state_dict({key.removeprefix("linear."): value for key, value in weights.items()})
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise SadvaeError(f"{folder} holds no usable linear layer in model.safetensors.") from error
    return torch.nn.Sequential(layer.float(), getattr(torch.nn, activation)())
