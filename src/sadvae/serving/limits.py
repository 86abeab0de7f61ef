"""What the local page takes at most: files, names, clips, memory and time."""

from __future__ import annotations

from dataclasses import dataclass

MOST_NAMES = 200
LONGEST_NAME = 200
LONGEST_FILE_NAME = 255


@dataclass(frozen=True)
class Limits:
    """upload_bytes: of one file. seconds: of one upload, and of the work on one question.

    body_bytes: of any other request. clips: of one file. held_bytes: of all clips that are held, the oldest go first.
    memory_bytes: what the working process may take beyond the loaded recognisers (where the system can hold it to it).
    """

    upload_bytes: int = 50 * 2**20
    seconds: float = 60.0
    body_bytes: int = 128 * 2**10
    clips: int = 100
    held_bytes: int = 256 * 2**20
    memory_bytes: int = 4 * 2**30
