"""Composed movements: random movements of limbs with the sentences that say them, to learn words from."""

from sadvae.skeleton.composed.compose import Composed, compose, named
from sadvae.skeleton.composed.settings import ComposeSettings

__all__ = ["ComposeSettings", "Composed", "compose", "named"]
