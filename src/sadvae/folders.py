"""Whether a folder is of the kind that is asked for; where it is not, which one was meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sadvae.errors import SadvaeError

# How far below a folder of the wrong kind one of the right kind is looked for, and among how many on each level.
DEPTH, MOST = 3, 500


def check_kind(folder: Path, is_one: Callable[[Path], bool], kind: str, remedy: str) -> None:
    """Refuse a folder that is_one does not know, with one below that it knows, else with the remedy.

    kind: what is expected, such as "a features folder". remedy: what to do where none is there.
    Raises SadvaeError.
    """
    folder = Path(folder)
    if folder.is_dir() and is_one(folder):
        return
    inside = first_below(folder, is_one)
    reason = "" if folder.is_dir() else " (it is a file)" if folder.exists() else " (it does not exist)"
    advice = f"name {inside}, which is one" if inside else remedy
    raise SadvaeError(f"{folder} is not {kind}{reason}; {advice}.")


def first_below(folder: Path, is_one: Callable[[Path], bool]) -> Path | None:
    """The first folder below, the nearest levels first, that is_one knows; None where none is near."""
    level = [folder]
    for _ in range(DEPTH):
        level = [inner for outer in level for inner in _folders(outer)][:MOST]
        found = next((inner for inner in level if is_one(inner)), None)
        if found is not None:
            return found
    return None


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, by name; none of one that may not be entered."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []
