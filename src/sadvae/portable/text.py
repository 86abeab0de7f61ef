"""A text encoder of one ONNX graph and a tokenizer.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.portable.config import Tokens
from sadvae.portable.graph import Graph
from sadvae.types import FloatArray

BATCH = 32


@dataclass(frozen=True, eq=False)
class GraphTextEncoder:
    """See sadvae.text.encoders.TextEncoder."""

    name: str
    model_hash: str
    graph: Graph
    tokenizer: Any
    tokens: Tokens

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """float32 [text, d], one row per text. Texts of like length share a batch, so that little is padded."""
        if not texts:
            raise SadvaeError("there are no texts to encode; give at least one.")
        given = [text.lower() for text in texts] if self.tokens.lower_case else list(texts)
        order = sorted(range(len(given)), key=lambda i: (len(given[i]), given[i]))
        parts = [self._batch([given[i] for i in order[at : at + BATCH]]) for at in range(0, len(order), BATCH)]
        rows = np.concatenate(parts).astype(np.float32)
        if not np.isfinite(rows).all():
            raise SadvaeError("the text encoder gave a number that is not finite; export the recogniser again.")
        return rows[np.argsort(order)]

    def _batch(self, texts: list[str]) -> FloatArray:
        found = self.tokenizer.encode_batch([self.tokens.prefix + text for text in texts])
        arrays = {
            "input_ids": [one.ids for one in found],
            "attention_mask": [one.attention_mask for one in found],
            "token_type_ids": [one.type_ids for one in found],
        }
        return self.graph(**{name: np.array(arrays[name], np.int64) for name in self.tokens.inputs})[0]


def load_text(folder: Path, tokens: Tokens) -> GraphTextEncoder:
    """The text encoder of an exported folder. Raises SadvaeError if it is damaged, or without tokenizers."""
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise SadvaeError("names become vectors by tokenizers; run `pip install onnxruntime tokenizers`.") from error
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise SadvaeError(f"{path} does not exist; export the recogniser again.")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain exceptions
        raise SadvaeError(f"{path} is not a tokenizer; export the recogniser again.") from error
    tokenizer.enable_truncation(tokens.limit)
    tokenizer.enable_padding(
        direction=tokens.padding_side,
        pad_id=tokens.pad_id,
        pad_type_id=tokens.pad_type_id,
        pad_token=tokens.pad_token,
    )
    return GraphTextEncoder(str(folder), "", Graph(folder / "text.onnx"), tokenizer, tokens)
