"""The default beside everything else on the same features, and with each of its parts taken out again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ENCODER = "default"
NAMES = {"encoder": "minilm", "mode": "names+movement"}
DESCRIPTIONS = {"encoder": "minilm", "mode": "descriptions"}
# Beside the preset `published`, JPoSE and SynSE, which the other files of a data set name too.
BASELINES = ("ridge", "eszsl", "cca", "devise", "revise", "cada_vae", "smie")


def compared(changes: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The [[compare]] entries; changes: of the preset, for data sets of many clips."""
    question = "What does each part of the default do?"
    for name, change in (
        ("no composed movements", {"lesson_share": 0}),
        ("no hub correction", {"hub_correction": False}),
        ("no style", {"style": 0}),
        ("no total correlation", {"total_correlation_weight": 0.0}),
        ("neither movements nor correction", {"lesson_share": 0, "hub_correction": False}),
    ):
        method = {"preset": "taught", "changes": changes | change}
        yield {"name": name, "question": question, "method": method}
    yield {"name": "sadvae", "question": question, "method": _with({"preset": "sadvae"}, changes)}
    yield {"name": "aligned VAE", "question": question, "method": _with({"preset": "aligned_vae"}, changes)}
    names = "What do class names alone give?"
    for name in ("taught", "sadvae", "ridge", "eszsl", "cca"):
        method = _with({"preset": name}, changes if name in ("taught", "sadvae") else {})
        yield {"name": f"{name}, class names", "question": names, "method": method, "text": NAMES}


def _with(method: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return method | ({"changes": changes} if changes else {})
