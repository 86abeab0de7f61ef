"""The recogniser of a folder, of whichever kind, with no library loaded that it does not need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sadvae.portable.config import is_portable

if TYPE_CHECKING:
    from sadvae.portable.recognizer import PortableRecognizer
    from sadvae.recognizer import Recognizer


def load_recognizer(folder: Path) -> Recognizer | PortableRecognizer:
    """A recogniser, or one that was exported to ONNX, which needs no torch; or one of the hub, by OWNER/MODEL."""
    if is_portable(folder):
        from sadvae.portable.recognizer import PortableRecognizer

        return PortableRecognizer.load(folder)
    from sadvae.recognizer import Recognizer

    return Recognizer.from_pretrained(folder)
