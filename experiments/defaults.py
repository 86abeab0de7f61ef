"""The default beside everything else on the same features, and with each of its parts taken out again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ENCODER = "default"
NAMES = {"encoder": "minilm", "mode": "names+movement+words"}
DESCRIPTIONS = {"encoder": "minilm", "mode": "descriptions+words"}
PLAIN = {"encoder": "minilm", "mode": "descriptions"}


def compared(changes: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The [[compare]] entries; changes: of SA-DVAE's presets, for data sets of many clips."""
    question = "What does each part of the default do?"
    for name, change in (
        ("no composed movements", {"lesson_share": 0}),
        ("no hub correction", {"hub_correction": False}),
        ("neither movements nor correction", {"lesson_share": 0, "hub_correction": False}),
    ):
        yield {"name": name, "question": question, "method": {"preset": "taught", "changes": change}}
    yield {"name": "no words of movement", "question": question, "method": {"preset": "taught"}, "text": PLAIN}
    yield {"name": "SA-DVAE", "question": question, "method": _with("sadvae", changes)}
    question = "Does disentanglement help where movements are composed too?"
    yield {"name": "SA-DVAE, taught", "question": question, "method": _with("taught_sa_dvae", changes)}
    for name, change in (("no style", {"style": 0}), ("no total correlation", {"total_correlation_weight": 0.0})):
        method = _with("taught_sa_dvae", changes | change)
        yield {"name": f"SA-DVAE, taught, {name}", "question": question, "method": method}
    yield {"name": "aligned VAE", "question": question, "method": _with("aligned_vae", changes)}
    question = "What do class names alone give?"
    for name in ("taught", "sadvae", "ridge", "eszsl", "cca"):
        method = _with(name, changes if name == "sadvae" else {})
        yield {"name": f"{name}, class names", "question": question, "method": method, "text": NAMES}


def _with(preset: str, changes: dict[str, Any]) -> dict[str, Any]:
    return {"preset": preset} | ({"changes": changes} if changes else {})
