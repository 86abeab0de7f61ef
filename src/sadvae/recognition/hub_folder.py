"""A recogniser's folder as the Hugging Face hub's ModelHubMixin shares models.

The mixin writes to the objects it makes, and a recogniser is frozen; so this small object, not the recogniser, has it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from huggingface_hub import ModelHubMixin, snapshot_download

from sadvae.recognition.folder import CARD, CONFIG, WEIGHTS


class HubFolder(ModelHubMixin):
    """A folder that came from the hub (`folder`), or one that goes there (`save` writes it)."""

    def __init__(self, folder: Path | None = None, save: Callable[[Path], None] | None = None) -> None:
        self.folder, self._save = folder, save

    def _save_pretrained(self, save_directory: Path) -> None:
        assert self._save is not None
        self._save(save_directory)

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **options: Any) -> Self:
        return cls(Path(snapshot_download(model_id, allow_patterns=[CARD, CONFIG, WEIGHTS], **options)))
