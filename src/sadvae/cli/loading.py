"""A recogniser of whichever kind, with no library loaded that it does not need, and prepared clips with labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sadvae.errors import SadvaeError
from sadvae.portable.config import is_portable

if TYPE_CHECKING:
    from sadvae.portable.recognizer import PortableRecognizer
    from sadvae.recognizer import Recognizer
    from sadvae.types import ClipSet


def load_recognizer(folder: Path) -> Recognizer | PortableRecognizer:
    """A recogniser, or one that was exported to ONNX, which needs no torch; or one of the hub, by OWNER/MODEL."""
    if is_portable(folder):
        from sadvae.portable.recognizer import PortableRecognizer

        return PortableRecognizer.load(folder)
    from sadvae.recognizer import Recognizer

    return Recognizer.from_pretrained(folder)


def read_labelled(path: Path) -> ClipSet:
    """Prepared clips, of a file or a store. Raises SadvaeError as reading does, and where no clip has a label."""
    from sadvae.skeleton.store import read_prepared

    found = read_prepared(path)
    if all(clip.label is None for clip in found.clips):
        raise SadvaeError(f"{path} has no labels; write `label` and `class_names` into its source (docs/clips.md).")
    return found
