"""Tiny text models with random weights, saved as users have them, for tests of text encoders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = ("a", "person", "waves", "kicks", "the", "right", "left", "hand", "leg", ".")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def save_tokenizer(
    folder: Path, limit: int, *, lower: bool = True, pad: str | None = "[PAD]", extra: tuple[str, ...] = ()
) -> None:
    """A word-level tokenizer: [CLS] words [SEP]; in lower case or not, with or without padding, with extra words."""
    vocabulary = {word: i for i, word in enumerate((*SPECIAL, *WORDS, *extra))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    if lower:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=pad,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=limit,
    )
    fast.save_pretrained(folder)


def save_bert(folder: Path, limit: int = 12, seed: int = 0) -> None:
    """A BERT of two layers and width 8 with a tokenizer: a plain transformers folder."""
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
    )
    transformers.BertModel(config).save_pretrained(folder)
    save_tokenizer(folder, limit)


def save_roberta(folder: Path) -> None:
    """A RoBERTa of one layer, whose 16 positions start at 2 (padding is token 1), with a tokenizer without limit."""
    torch.manual_seed(3)
    config = transformers.RobertaConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
        pad_token_id=1,
    )
    transformers.RobertaModel(config).save_pretrained(folder)
    save_tokenizer(folder, 10**30)


def save_clip(folder: Path, *, whole: bool) -> None:
    """A CLIP of width 8 whose text is projected to 6 numbers: both sides (whole), or the text side alone."""
    torch.manual_seed(1)
    sizes: dict[str, Any] = {
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    text = transformers.CLIPTextConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        max_position_embeddings=12,
        projection_dim=6,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
        **sizes,
    )
    if whole:
        vision = transformers.CLIPVisionConfig(image_size=8, patch_size=4, projection_dim=6, **sizes)
        config = transformers.CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=6)
        transformers.CLIPModel(config).save_pretrained(folder)
    else:
        transformers.CLIPTextModelWithProjection(text).save_pretrained(folder)
    save_tokenizer(folder, 12)


def add_modules(folder: Path, pooling: dict[str, Any], kinds: tuple[str, ...] = ("Normalize",)) -> None:
    """Make a transformers folder one of sentence-transformers: modules.json and a folder a module."""
    names = ("Transformer", "Pooling", *kinds)
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{name}" if i else "", "type": f"sentence_transformers.models.{name}"}
        for i, name in enumerate(names)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))


def add_dense(folder: Path, activation: str) -> tuple[np.ndarray, np.ndarray]:
    """A linear layer from 8 to 5 numbers in `folder`; returns its weights [5, 8] and bias [5]."""
    folder.mkdir()
    rng = np.random.default_rng(2)
    weight, bias = rng.normal(size=(5, 8)).astype(np.float32), rng.normal(size=5).astype(np.float32)
    settings = {"in_features": 8, "out_features": 5, "bias": True, "activation_function": activation}
    (folder / "config.json").write_text(json.dumps(settings))
    save_file(
        {"linear.weight": torch.from_numpy(weight), "linear.bias": torch.from_numpy(bias)}, folder / "model.safetensors"
    )
    return weight, bias
