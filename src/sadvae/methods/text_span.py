"""The texts of the training classes span few dimensions: the text side of SA-DVAE trains in these alone.

Let the columns of Q [d, k] be an orthonormal basis of the span of the (standardised) training texts. An orthogonal
change of coordinates leaves squared errors as they are, so with a linear D_y the loss splits exactly:

    |D_y(z) - f_y|^2 = |Q^T D_y(z) - Q^T f_y|^2 + |(I - Q Q^T) D_y(z)|^2

The second part is least, and 0, for a D_y that never leaves the span, whatever z is; that D_y is taken, and only the
first part is left to train. E_y meets training texts alone, so what it does beyond the span has no gradient and stays
as it started. Unseen texts have a part beyond the span; `widen` gives back networks of full width, which take it as any
other networks do: E_y with the weights that it started with there, D_y with answers that never leave the span.

The loss is the same; Adam's way down is not, as it scales each coordinate by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sadvae.methods.networks import Networks


@dataclass(frozen=True, eq=False)
class TextSpan:
    """An orthonormal basis [d, k] of the span of training texts, and networks that train within it.

    full: networks of full width as they were at the start; narrow: the same with a text side of width k.
    """

    basis: Tensor
    full: Networks
    narrow: Networks

    @staticmethod
    def of(networks: Networks, texts: Tensor) -> TextSpan:
        """The span of standardised texts [c, d]; the networks are left alone."""
        _, values, rows = torch.linalg.svd(texts.double(), full_matrices=False)
        rank = max(1, int((values > values[0] * 1e-6).sum()))
        basis = rows[:rank].T.to(texts.dtype).contiguous()
        d_skeleton = networks.skeleton_encoder.mean.in_features
        narrow = Networks(d_skeleton, rank, networks.latent, networks.style, relu=False)
        shared = {name: value for name, value in networks.state_dict().items() if not name.startswith("text_")}
        narrow.load_state_dict(narrow.state_dict() | shared | _turned(networks, basis))
        return TextSpan(basis, networks, narrow)

    def coordinates(self, texts: Tensor) -> Tensor:
        """Texts [n, d] as coordinates [n, k] in the basis."""
        return texts @ self.basis

    def widen(self) -> dict[str, Tensor]:
        """The weights of networks of full width that do on training texts what the narrow ones do."""
        weights, narrow = self.full.state_dict(), self.narrow.state_dict()
        weights |= {name: value for name, value in narrow.items() if not name.startswith("text_")}
        for head in ("mean", "log_variance"):
            name = f"text_encoder.{head}"
            started = weights[f"{name}.weight"]
            weights[f"{name}.weight"] = started + (narrow[f"{name}.weight"] - started @ self.basis) @ self.basis.T
            weights[f"{name}.bias"] = narrow[f"{name}.bias"]
        weights["text_decoder.linear.weight"] = self.basis @ narrow["text_decoder.linear.weight"]
        weights["text_decoder.linear.bias"] = self.basis @ narrow["text_decoder.linear.bias"]
        return weights


def _turned(networks: Networks, basis: Tensor) -> dict[str, Tensor]:
    """The text side's weights in coordinates of the basis."""
    weights = {n: v for n, v in networks.state_dict().items() if n.startswith(("text_encoder", "text_decoder"))}
    for head in ("mean", "log_variance"):
        weights[f"text_encoder.{head}.weight"] = weights[f"text_encoder.{head}.weight"] @ basis
    for part in ("weight", "bias"):
        weights[f"text_decoder.linear.{part}"] = basis.T @ weights[f"text_decoder.linear.{part}"]
    return weights
