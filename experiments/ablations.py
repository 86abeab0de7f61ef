"""What is varied, one thing at a time, to see which part of SA-DVAE, and of the default, does what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.defaults import DESCRIPTIONS
from experiments.literature import SETTINGS

FEW: dict[str, Any] = SETTINGS["few clips"]
# Presets of skeleton encoders beside st_gcn_pp.
ENCODERS = ("st_gcn", "ctr_gcn", "shift_gcn", "posec3d", "kinematics")


def ablations() -> Iterator[tuple[str, dict[str, Any]]]:
    """(ending of the file name, blocks): one file for all that shares features, and one for each other pipeline."""
    yield "", {"compare": list(on_the_same_features())}
    yield "_not_canonical", {"prepare": {"canonicalise": False}, "compare": []}
    for name in ENCODERS:
        yield f"_{name}", {"encoder": {"preset": name}, "compare": []}
    # The default without numbers of movement, and so without composed movements, which have no other features.
    method = {"preset": "taught", "changes": {"lesson_share": 0}}
    yield "_taught_network", {"text": DESCRIPTIONS, "method": method, "compare": []}


def on_the_same_features() -> Iterator[dict[str, Any]]:
    """The [[compare]] entries, each one change away from the main method."""
    question = "Does disentanglement help, and does total correlation?"
    yield {"name": "aligned VAE", "question": question, "method": {"preset": "aligned_vae"}}
    yield _changed(question, "disentangled, no total correlation", total_correlation_weight=0.0)
    for kind in ("published", "paper"):
        yield _changed(question, f"total correlation as in {kind}", total_correlation=kind)
    yield _changed(question, "ten times the total correlation", total_correlation_weight=1.0)
    for latent in (20, 40, 80, 320):
        yield _changed("How many dimensions for z_r?", f"z_r {latent}", latent=latent)
    for style in (2, 4, 16, 32):
        yield _changed("How many dimensions for z_v?", f"z_v {style}", style=style)
    yield _changed("One noise scalar for all dimensions?", "noise per sample", noise="per_sample")
    yield _changed("ReLU after the decoders?", "ReLU decoders", decoder_output="relu")
    for rule in ("classifier", "cosine", "gaussian", "reconstruction", "decoded", "generated"):
        yield _changed("Which unseen decision?", f"rule {rule}", unseen_rule=rule)
    for mode in ("names", "prompts", "names+descriptions"):
        yield {"name": f"text: {mode}", "question": "Which text?", "text": {"encoder": "minilm", "mode": mode}}
    for preset in ("published", "paper"):
        method = {"preset": preset, "changes": FEW}
        yield {"name": preset, "question": "Which preset?", "method": method}
    yield {"name": "published gate", "question": "Which gate?", "gate": "published"}


def _changed(question: str, name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "question": question, "method": {"preset": "sadvae", "changes": changes}}
