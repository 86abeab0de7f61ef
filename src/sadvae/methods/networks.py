"""The networks of SA-DVAE: two single-layer variational autoencoders and the discriminator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Rows of which statistics are taken at once.
BLOCK = 65_536


class Encoder(nn.Module):
    """q(z | f): one linear layer for the mean and one for the log-variance."""

    def __init__(self, d_in: int, d_latent: int) -> None:
        super().__init__()
        self.mean = nn.Linear(d_in, d_latent)
        self.log_variance = nn.Linear(d_in, d_latent)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features [n, d_in] to mean and log-variance [n, d_latent]."""
        return self.mean(features), self.log_variance(features)


class Decoder(nn.Module):
    """p(f | z): one linear layer; the published code clips its output at zero."""

    def __init__(self, d_latent: int, d_out: int, *, relu: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(d_latent, d_out)
        self.relu = relu

    def forward(self, latent: Tensor) -> Tensor:
        """Latent [n, d_latent] to features [n, d_out]."""
        output = self.linear(latent)
        return torch.relu(output) if self.relu else output


class Discriminator(nn.Module):
    """D_T: tells joint pairs (z_r, z_v) from shuffled ones; returns logits."""

    def __init__(self, d_latent: int) -> None:
        super().__init__()
        hidden = max(d_latent // 4, 1)
        self.hidden = nn.Linear(d_latent, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, pair: Tensor) -> Tensor:
        """Pairs [n, r + v] to logits [n, 1] of being a joint pair."""
        return self.output(torch.relu(self.hidden(pair)))


class Standardiser(nn.Module):
    """(x - mean) / scale with one scale for all dimensions; the identity until it is fitted."""

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(()))

    def fit(self, rows: Tensor) -> None:
        """Take the mean of rows [n, width], and the root mean square of what it leaves.

        Of mapped rows, only a block at a time is in memory.
        """
        blocks = [(block, len(block) / len(rows)) for block in rows.split(BLOCK)]
        self.mean.copy_(torch.stack([block.mean(0).double() * share for block, share in blocks]).sum(0))
        squares = [(block - self.mean).pow(2).mean().double() * share for block, share in blocks]
        scale = torch.stack(squares).sum().to(rows.dtype).sqrt()
        self.scale.copy_(torch.where(scale > 0, scale, torch.ones(())))

    def forward(self, rows: Tensor) -> Tensor:
        """Rows [..., width] to standardised rows."""
        return (rows - self.mean) / self.scale

    def undo(self, rows: Tensor) -> Tensor:
        """Standardised rows [..., width] back to rows."""
        return rows * self.scale + self.mean


class Networks(nn.Module):
    """E_x, D_x, E_y, D_y and D_T of docs/method.md; z_x = [z_r, z_v] in that order.

    The networks take and give standardised features; skeleton_scaling and text_scaling lead there.
    """

    def __init__(self, d_skeleton: int, d_text: int, latent: int, style: int, *, relu: bool) -> None:
        super().__init__()
        self.latent, self.style = latent, style
        self.skeleton_encoder = Encoder(d_skeleton, latent + style)
        self.skeleton_decoder = Decoder(latent + style, d_skeleton, relu=relu)
        self.text_encoder = Encoder(d_text, latent)
        self.text_decoder = Decoder(latent, d_text, relu=relu)
        self.discriminator = Discriminator(latent + style)
        self.skeleton_scaling = Standardiser(d_skeleton)
        self.text_scaling = Standardiser(d_text)

    def initialise(self, generator: torch.Generator) -> None:
        """Xavier-uniform weights with gain 0.5, zero biases (published code)."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, gain=0.5, generator=generator)
                nn.init.zeros_(module.bias)
