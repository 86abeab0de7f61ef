"""What the file names of NTU RGB+D and PKU-MMD say, the protocols made of it, and the counts that are published."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sadvae.errors import SadvaeError


@dataclass(frozen=True)
class NtuName:
    """SsssCcccPpppRrrrAaaa: setup, camera, performer, repetition and action, from 1."""

    setup: int
    camera: int
    subject: int
    repetition: int
    action: int


def ntu_name(clip_id: str) -> NtuName | None:
    """What the name of an NTU RGB+D clip says; None for other names."""
    found = re.fullmatch(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})", clip_id, re.ASCII | re.IGNORECASE)
    return NtuName(*map(int, found.groups())) if found else None


def pku_view(clip_id: str) -> str | None:
    """The camera of a PKU-MMD clip, whose name begins with a video's, such as 0002-L: L, M or R; None for others."""
    found = re.match(r"\d{4}-([LMR])(?![A-Za-z])", clip_id, re.ASCII)
    return found[1] if found else None


def listed_videos(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Training and validation videos of a list as PKU-MMD publishes them (cross-subject.txt, cross-view.txt).

    A line that names training or validation ("Validataion", as published) begins a part; the names of a part, such as
    0002-L, follow it, with commas or spaces between them. Raises SadvaeError where a part is missing or a video is in
    both.
    """
    parts = re.split(r"^.*(training|validat).*$", text, flags=re.MULTILINE | re.IGNORECASE)
    found: dict[str, frozenset[str]] = {
        title.lower(): frozenset(re.findall(r"\d{4}-[LMR]", names))
        for title, names in zip(parts[1::2], parts[2::2], strict=True)
    }
    training, validation = found.get("training", frozenset()), found.get("validat", frozenset())
    if not training or not validation or training & validation:
        raise SadvaeError(
            "the list names no training or no validation videos, or one video in both; expected lines "
            "'Training videos:' and 'Validation videos:', each followed by names such as 0002-L."
        )
    return training, validation


# Training subjects of the cross-subject protocols, as NTU RGB+D 60 and 120 publish them.
_NTU60 = "1,2,4,5,8,9,13,14,15,16,17,18,19,25,27,28,31,34,35,38"
_NTU120 = (
    f"{_NTU60},45,46,47,49,50,52,53,54,55,56,57,58,59,70,74,78,80,81,82,83,84,85,86,89,91,92,93,94,95,97,98,100,103"
)
SUBJECT_RULES = {
    "ntu60-xsub": frozenset(_NTU60.split(",")),
    "ntu120-xsub": frozenset(_NTU120.split(",")),
}


def _ntu_trains(rule: Callable[[NtuName], bool]) -> Callable[[str], bool | None]:
    def trains(clip_id: str) -> bool | None:
        found = ntu_name(clip_id)
        return None if found is None else rule(found)

    return trains


def _pku_trains(clip_id: str) -> bool | None:
    view = pku_view(clip_id)
    return None if view is None else view != "L"


# Whether a clip trains, by its name; None where the name does not say. The same people are on both sides.
CLIP_RULES: dict[str, Callable[[str], bool | None]] = {
    "ntu-xview": _ntu_trains(lambda name: name.camera != 1),
    "ntu120-xset": _ntu_trains(lambda name: name.setup % 2 == 0),
    "pku-xview": _pku_trains,
}


def trains(rule: str, clip_id: str) -> bool:
    """Whether a rule of CLIP_RULES has a clip in training. Raises SadvaeError where its name does not say."""
    found = CLIP_RULES[rule](clip_id)
    if found is None:
        wanted = "0002-L" if rule.startswith("pku") else "SsssCcccPpppRrrrAaaa"
        raise SadvaeError(f"clip {clip_id!r} is not named as {rule} needs it, like {wanted}; choose another rule.")
    return found


# Clips for training and testing without those that have no skeleton, as the literature on each data set counts them.
PUBLISHED_COUNTS: dict[str, dict[str, tuple[int, int]]] = {
    "ntu60": {"ntu60-xsub": (40_091, 16_487), "ntu-xview": (37_646, 18_932)},
    "ntu120": {"ntu120-xsub": (63_026, 50_919), "ntu120-xset": (54_468, 59_477)},
}
# Recordings of each data set, and how many of them have no skeleton or a faulty one.
PUBLISHED_FILES: dict[str, tuple[int, int]] = {"ntu60": (56_880, 302), "ntu120": (114_480, 535)}
