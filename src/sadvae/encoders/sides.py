"""Which clips may be mirrored: those of classes that name no side, on layouts whose joints do."""

from __future__ import annotations

import re

from sadvae.errors import SadvaeError
from sadvae.types import Layout

SIDE_WORDS = frozenset(
    {
        *("left", "leftward", "leftwards", "lefthanded"),
        *("right", "rightward", "rightwards", "righthanded"),
        *("clockwise", "counterclockwise", "anticlockwise"),
    }
)


def names_a_side(class_name: str) -> bool:
    """Whether a class is another action when it is mirrored: one of its words is in SIDE_WORDS.

    Words end at anything but letters, and where small letters turn to capitals: "swipeLeft" names a side, "upright"
    does not.
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", class_name)
    return any(word.lower() in SIDE_WORDS for word in words)


def twins(layout: Layout) -> tuple[int, ...]:
    """For each joint the one that takes its place in a mirror. Raises SadvaeError for a layout that names no sides."""
    found = layout.mirror
    if any(found[left] != right for left, right in (layout.hips, layout.shoulders)):
        raise SadvaeError(
            f"layout {layout.name!r} does not name the sides of its joints ('left hip', 'right hip'), so clips of it "
            "cannot be mirrored; name them in the layout, or set mirror to 0."
        )
    return found
