"""sadvae: zero-shot recognition of human actions from skeletons and words (SA-DVAE, ECCV 2024)."""

__version__ = "0.1.0"
