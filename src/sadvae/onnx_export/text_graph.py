"""A text encoder as one graph: tokens to vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sadvae.errors import SadvaeError
from sadvae.text.clip import ClipTextEncoder
from sadvae.text.encoders import TextEncoder
from sadvae.text.sentence_bert import SentenceEncoder

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class TokenEncoder(nn.Module):
    """A sentence-BERT or CLIP text model with everything behind it: pooling, linear layers, normalisation."""

    def __init__(self, encoder: SentenceEncoder | ClipTextEncoder, inputs: Sequence[str]) -> None:
        super().__init__()
        self.encoder, self.model, self.inputs = encoder, encoder.model, tuple(inputs)
        self.dense = nn.ModuleList(getattr(encoder, "dense", ()))

    def forward(self, *tokens: Tensor) -> Tensor:
        """Token arrays int64 [text, token], in the order of `inputs`, to vectors [text, d]."""
        return self.encoder.forward(dict(zip(self.inputs, tokens, strict=True)))

    @contextmanager
    def plain_attention(self) -> Iterator[None]:
        """Attention as plain matrix products, which graphs can hold; then as before."""
        before = self.model.config._attn_implementation
        self.model.set_attn_implementation("eager")
        try:
            yield
        finally:
            self.model.set_attn_implementation(before)


def graph_of_text(encoder: TextEncoder) -> tuple[TokenEncoder, tuple[str, ...], dict[str, Any]]:
    """A text encoder as a module, the names of its inputs, and what a reader must know of its tokens.

    Raises SadvaeError for an encoder without a tokenizer that can be written as one file.
    """
    if not isinstance(encoder, SentenceEncoder | ClipTextEncoder):
        raise SadvaeError(f"the text encoder {encoder.name!r} is not one of ours, so its graph is not known.")
    tokenizer = encoder.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise SadvaeError(f"the tokenizer of {encoder.name!r} has no tokenizer.json form; export without a text model.")
    inputs = tuple(name for name in tokenizer.model_input_names if name in INPUTS)
    settings = getattr(encoder, "settings", None)
    about = {
        "inputs": list(inputs),
        "limit": encoder.limit,
        "pad_id": tokenizer.pad_token_id,
        "pad_type_id": tokenizer.pad_token_type_id,
        "pad_token": tokenizer.pad_token,
        "padding_side": tokenizer.padding_side,
        "lower_case": bool(settings and settings.lower_case),
        "prefix": settings.prefix if settings else "",
    }
    return TokenEncoder(encoder, inputs), inputs, about


def write_tokenizer(tokenizer: Any, path: Path) -> None:
    """Write a tokenizer of transformers as tokenizer.json, without truncation and padding: the reader sets those."""
    own = tokenizer.backend_tokenizer
    alone = type(own).from_str(own.to_str())
    alone.no_truncation()
    alone.no_padding()
    path.write_text(alone.to_str(), encoding="utf-8")


def example_tokens(count: int) -> tuple[Tensor, ...]:
    """Inputs to trace a graph with: two texts of three tokens."""
    return tuple(torch.ones(2, 3, dtype=torch.int64) for _ in range(count))
