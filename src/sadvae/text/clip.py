"""The text side of CLIP: the projected vector of the end-of-text token (Radford et al., ICML 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sadvae.text.transformer import encode_in_batches, load_pretrained, token_limit
from sadvae.types import FloatArray


@dataclass(frozen=True, eq=False)
class ClipTextEncoder:
    """A loaded CLIP text model; see TextEncoder."""

    name: str
    model_hash: str
    model: Any
    tokenizer: Any
    limit: int

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """float32 [text, d], one row per text, not normalised."""
        return encode_in_batches(list(texts), self.tokenizer, self.limit, self.forward)

    def forward(self, tokens: Any) -> Any:
        """Vectors [text, d] of the tokens of texts."""
        return self.model(**tokens).text_embeds


def load_clip_encoder(folder: Path, name: str, model_hash: str) -> ClipTextEncoder:
    """Load the text side of a CLIP model from its folder. Raises SadvaeError if it is damaged."""
    model, tokenizer = load_pretrained(folder, "CLIPTextModelWithProjection")
    return ClipTextEncoder(name, model_hash, model, tokenizer, token_limit(model, tokenizer, None))
