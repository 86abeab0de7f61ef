"""config.json of an exported recogniser: what it may hold, and that anything else is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sadvae.errors import SadvaeError
from sadvae.portable.config import FORMAT, Tokens, read_config
from sadvae.skeleton.recipe import PrepareSettings
from tests.conftest import STICK

SENTENCE = r"config\.json lacks or misstates [^\n]*; export the recogniser again\.$"
TOKENS: dict[str, Any] = {
    "inputs": ["input_ids", "attention_mask"],
    "limit": 256,
    "pad_id": 0,
    "pad_type_id": 0,
    "pad_token": "[PAD]",
    "padding_side": "right",
    "lower_case": False,
    "prefix": "",
}
LAYOUT: dict[str, Any] = {
    "name": STICK.name,
    "joints": STICK.joints,
    "bones": STICK.bones,
    "hips": STICK.hips,
    "spine": STICK.spine,
    "shoulders": STICK.shoulders,
}
ABOUT: dict[str, Any] = {
    "format": FORMAT,
    "class_names": ["wave", "squat"],
    "seen": [0],
    "layout": LAYOUT,
    "prepare": PrepareSettings().model_dump(mode="json") | {"steps": list(PrepareSettings().steps)},
    "text_mode": "names",
    "text_width": 384,
    "parts": False,
    "tokens": TOKENS,
    "has_gate": True,
    "has_fit": True,
    "gate_names": None,
}


def write(folder: Path, change: dict[str, Any]) -> None:
    (folder / "config.json").write_text(json.dumps(ABOUT | change))


def test_a_configuration_is_read(tmp_path: Path) -> None:
    write(tmp_path, {})
    found = read_config(tmp_path)
    assert found.tokens == Tokens(("input_ids", "attention_mask"), 256, 0, 0, "[PAD]", "right", False, "")
    assert (found.layout, found.seen_names, found.text_width) == (STICK, ("wave",), 384)


@pytest.mark.parametrize(
    "change",
    [
        *({"limit": value} for value in (-1, 0, "x", 10**7, True, 2.5, None)),
        *({"pad_id": value} for value in (-1, 2**32, "x")),
        {"pad_type_id": -1},
        {"pad_token": 3},
        {"padding_side": "up"},
        {"lower_case": "no"},
        {"prefix": None},
        *({"inputs": value} for value in ([], "input_ids", ["position_ids"], [["input_ids"]])),
        {"suffix": ""},
    ],
)
def test_tokens_of_other_kinds_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    write(tmp_path, {"tokens": TOKENS | change})
    refused(tmp_path, next(iter(change)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tokens": [1]}, "tokens"),
        ({"tokens": {}}, "inputs"),
        ({"text_width": 10**12}, "text_width"),
        ({"text_width": -1}, "text_width"),
        ({"text_width": float("inf")}, "infinity to integer"),
        ({"seen": [2]}, "the trained classes"),
        ({"layout": LAYOUT | {"hips": [0, 1, 2]}}, "unpack"),
    ],
)
def test_other_values_are_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    write(tmp_path, change)
    refused(tmp_path, said)


def refused(folder: Path, said: str) -> None:
    with pytest.raises(SadvaeError, match=SENTENCE) as error:
        read_config(folder)
    assert said in str(error.value)
