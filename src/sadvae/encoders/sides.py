"""Which clips may be mirrored: those of classes that name no side, on layouts whose joints do."""

from __future__ import annotations

import re

from sadvae.errors import SadvaeError
from sadvae.types import Layout

SIDE_WORDS = frozenset(
    {
        *("left", "leftward", "leftwards", "lefthand", "lefthanded"),
        *("right", "rightward", "rightwards", "righthand", "righthanded"),
        *("clockwise", "counterclockwise", "anticlockwise", "cw", "ccw"),
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
    """For each joint the one that takes its place in a mirror.

    Raises SadvaeError for a layout that names no sides, or those of some joints alone, so that a bone has no image.
    """
    found = layout.mirror
    if any(found[left] != right for left, right in (layout.hips, layout.shoulders)):
        raise SadvaeError(
            f"layout {layout.name!r} does not name the sides of its joints ('left hip', 'right hip'), so clips of it "
            "cannot be mirrored; name them in the layout, or set mirror to 0."
        )
    bones = {frozenset(bone) for bone in layout.bones}
    for a, b in layout.bones:
        if frozenset((found[a], found[b])) not in bones:
            one, other = (" and ".join(repr(layout.joints[j]) for j in pair) for pair in ((a, b), (found[a], found[b])))
            raise SadvaeError(
                f"layout {layout.name!r} joins {one}; in a mirror these are {other}, which it does not join, so clips "
                "of it cannot be mirrored; name the sides of all joints ('left hand', 'right hand'), or set mirror 0."
            )
    return found
