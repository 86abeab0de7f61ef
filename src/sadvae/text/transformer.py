"""What every transformers model here shares: quiet loading from safetensors, and batches by length on one thread."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from logging import CRITICAL
from pathlib import Path
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.types import FloatArray

BATCH = 32
# Tokenizers without a limit state one of about 1e30.
_NO_LIMIT = 1_000_000
# These families number the positions of tokens from that of padding on, so that some positions hold no token.
_PADDED_POSITIONS = ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")


def load_pretrained(folder: Path, kind: str) -> tuple[Any, Any]:
    """A transformers model (evaluation mode, float32, CPU) and its tokenizer.

    kind: name of the transformers class, e.g. "AutoModel". Raises SadvaeError if weights or tokenizer are damaged, or
    the weights do not fill the model.
    """
    import transformers

    with quiet():
        try:
            model, info = getattr(transformers, kind).from_pretrained(
                str(folder),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # transformers lets errors of many libraries through
            raise SadvaeError(
                f"{folder} cannot be loaded as a text model: {_first_line(error)}; it may be damaged or incomplete."
            ) from error
    _check_complete(folder, info)
    _check_tokenizer(folder, model, tokenizer)
    return model.float().eval(), tokenizer


def _check_complete(folder: Path, info: dict[str, Any]) -> None:
    # A pooler is not used here, and position numbers are made by the model itself.
    needed = [k for k in info.get("missing_keys", ()) if "pooler" not in k and "position_ids" not in k]
    wrong = [k[0] if isinstance(k, tuple) else k for k in info.get("mismatched_keys", ())]
    if needed or wrong:
        raise SadvaeError(
            f"{folder} has weights that do not fit its config.json: {len(needed)} tensors are missing and {len(wrong)} "
            f"have another shape, the first {sorted([*needed, *wrong])[0]!r}."
        )


def _check_tokenizer(folder: Path, model: Any, tokenizer: Any) -> None:
    known = model.get_input_embeddings().num_embeddings
    if tokenizer.pad_token is None or len(tokenizer) > known:
        raise SadvaeError(
            f"{folder} has a tokenizer of {len(tokenizer)} tokens with padding token {tokenizer.pad_token!r}, "
            f"which does not fit its model of {known} tokens; take both from one model."
        )


def token_limit(model: Any, tokenizer: Any, stated: int | None) -> int:
    """The most tokens a text may have: the least of what the folder, the tokenizer and the positions allow."""
    config = model.config
    positions = getattr(config, "max_position_embeddings", None)
    offset = (config.pad_token_id or 0) + 1 if config.model_type in _PADDED_POSITIONS else 0
    limits = [stated, tokenizer.model_max_length, positions - offset if positions else None]
    return int(min(limit for limit in (*limits, _NO_LIMIT) if limit is not None))


def encode_in_batches(
    texts: Sequence[str], tokenizer: Any, limit: int, forward: Callable[[Any], Any], before: str = ""
) -> FloatArray:
    """Run `forward` (tokens of a batch to a tensor [batch, d]) over texts and put the rows in the texts' order.

    Texts of like length share a batch, so that little is padded; those over `limit` tokens are cut. before: put before
    each text. Returns float32 [text, d]. Raises SadvaeError if there are no texts or a vector is not finite.
    """
    import torch

    from sadvae.threads import one_thread

    if not texts:
        raise SadvaeError("there are no texts to encode; give at least one.")
    order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), texts[i]))
    parts = []
    # First of all the turn, as what quiet() changes holds for the whole process too.
    with one_thread(), quiet(), torch.inference_mode():
        for start in range(0, len(order), BATCH):
            batch = [before + texts[i] for i in order[start : start + BATCH]]
            tokens = tokenizer(batch, padding=True, truncation=True, max_length=limit, return_tensors="pt")
            parts.append(forward(tokens).numpy())
    rows = np.concatenate(parts).astype(np.float32)
    if not np.isfinite(rows).all():
        raise SadvaeError("the text encoder gave a number that is not finite; its weights may be damaged.")
    return rows[np.argsort(order)]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' notes, bars and warnings from the user; then as before."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(CRITICAL)
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
