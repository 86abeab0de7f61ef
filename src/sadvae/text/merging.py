"""Which classes of several data sets are one, and which are close: by their words alone, never by a clip.

Two classes are one when their names are equal but for case and punctuation, or when each is the other's nearest, their
text vectors are alike enough, and no word of a side or direction tells them apart. Classes of one list never merge.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import TextEncoder
from sadvae.types import ClassTexts, FloatArray

Pairs = Sequence[tuple[str, str]]
# Actions that differ in one of these alone are two actions, however alike a text encoder finds them.
_SIDES = """left right up down upward upwards downward downwards forward forwards backward backwards sideways clockwise
counterclockwise anticlockwise counter anti in out on off into onto from open close one two both"""
SIDES = frozenset(_SIDES.split())


@dataclass(frozen=True)
class Member:
    """A class of one data set: its id and name there."""

    dataset: str
    id: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.dataset})"


@dataclass(frozen=True, eq=False)
class ClassList:
    """The classes of one data set and a unit vector for each: float32 [class, d]."""

    dataset: str
    texts: ClassTexts
    vectors: FloatArray


@dataclass(frozen=True, eq=False)
class JoinedClasses:
    """The classes of several data sets: those of the first under their own ids, then what the others add.

    members: for each class, where it comes from; the words of the first member are the class's words. vectors: for
    each class float32 [member, d]. own: how many classes are of the first data set.
    """

    texts: ClassTexts
    members: tuple[tuple[Member, ...], ...]
    vectors: tuple[FloatArray, ...]
    own: int

    def ids_of(self, dataset: str) -> dict[int, int]:
        """For each class id of a data set, the id of its class here."""
        return {m.id: here for here, members in enumerate(self.members) for m in members if m.dataset == dataset}

    @property
    def merged(self) -> tuple[tuple[Member, ...], ...]:
        """The members of every class that has several."""
        return tuple(members for members in self.members if len(members) > 1)

    def likeness(self, one: int, other: int) -> float:
        """The greatest cosine of a member of one class and a member of another."""
        return float((self.vectors[one] @ self.vectors[other].T).max())

    def close_to(self, classes: Sequence[int], least: float) -> dict[int, tuple[int, float]]:
        """The added classes that are at least that much like one of some, each with the nearest and how much."""
        found = {}
        for added in range(self.own, len(self.members)):
            nearest = max(((self.likeness(added, c), c) for c in classes), default=(-1.0, -1))
            if nearest[0] >= least:
                found[added] = (nearest[1], nearest[0])
        return found


def class_list(dataset: str, texts: ClassTexts, encoder: TextEncoder) -> ClassList:
    """A list with its vectors: the cosine of two classes is the mean of that of names and that of descriptions."""
    sides = [embed_classes(texts, encoder, mode=mode, parts=False).vectors for mode in ("names", "descriptions")]
    return ClassList(dataset, texts, (np.concatenate(sides, axis=1) / np.sqrt(2)).astype(np.float32))


def join_classes(lists: Sequence[ClassList], alike: float, same: Pairs = (), different: Pairs = ()) -> JoinedClasses:
    """Join class lists, the first one's ids kept.

    alike: cosine from which two classes are one. same, different: pairs of names that are one, or are not, whatever
    their vectors say; "DATASET: NAME" where a name alone says too little. Raises SadvaeError for a pair that no two
    lists have.
    """
    _check_pairs(lists, (*same, *different))
    first = lists[0]
    members = [[Member(first.dataset, i, name)] for i, name in zip(first.texts.ids, first.texts.names, strict=True)]
    vectors = [[row] for row in first.vectors]
    words = list(zip(first.texts.names, first.texts.descriptions, strict=True))
    for one in lists[1:]:
        added = [Member(one.dataset, i, name) for i, name in zip(one.texts.ids, one.texts.names, strict=True)]
        places = _places(members, vectors, added, one.vectors, alike, same, different)
        for row, member in enumerate(added):
            place = places.get(row)
            if place is not None:
                members[place].append(member)
                vectors[place].append(one.vectors[row])
                continue
            taken = any(member.name.casefold() == name.casefold() for name, _ in words)
            words.append((str(member) if taken else member.name, one.texts.descriptions[row]))
            members.append([member])
            vectors.append([one.vectors[row]])
    texts = ClassTexts(tuple(range(len(words))), tuple(name for name, _ in words), tuple(said for _, said in words))
    return JoinedClasses(texts, tuple(map(tuple, members)), tuple(map(np.stack, vectors)), len(first.texts.ids))


def _places(
    members: Sequence[Sequence[Member]],
    vectors: Sequence[Sequence[FloatArray]],
    added: Sequence[Member],
    rows: FloatArray,
    alike: float,
    same: Pairs,
    different: Pairs,
) -> dict[int, int]:
    """For those of a list that merge, the class that each becomes part of; no class gets two of one list."""
    scores = np.array([(np.stack(known) @ rows.T).max(axis=0) for known in vectors])
    told: list[tuple[int, int]] = []
    equal: list[tuple[int, int]] = []
    near: list[tuple[int, int]] = []
    for row, member in enumerate(added):
        for place, known in enumerate(members):
            if any(_named((m, member), same) for m in known):
                told.append((row, place))
            elif any(_named((m, member), different) for m in known):
                continue
            elif any(words_of(m.name) == words_of(member.name) for m in known):
                equal.append((row, place))
            elif _mutual(scores, place, row, alike) and all(may_be_one(m.name, member.name) for m in known):
                near.append((row, place))
    found: dict[int, int] = {}
    for row, place in (*told, *equal, *near):
        if row not in found and place not in found.values():
            found[row] = place
    return found


def _mutual(scores: FloatArray, place: int, row: int, alike: float) -> bool:
    best = scores[place, row]
    return bool(best >= alike and best >= scores[:, row].max() and best >= scores[place].max())


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in small letters, without punctuation."""
    return tuple(re.findall(r"[^\W_]+", name.casefold()))


def may_be_one(one: str, other: str) -> bool:
    """Whether two names could mean one action: neither sides nor the order of the same words tell them apart."""
    a, b = words_of(one), words_of(other)
    if a != b and Counter(a) == Counter(b):
        return False
    return Counter(w for w in a if w in SIDES) == Counter(w for w in b if w in SIDES)


def _named(members: tuple[Member, Member], pairs: Pairs) -> bool:
    one, other = members
    return any((_is(one, a) and _is(other, b)) or (_is(one, b) and _is(other, a)) for a, b in pairs)


def _is(member: Member, word: str) -> bool:
    return words_of(word) in (words_of(member.name), words_of(f"{member.dataset} {member.name}"))


def _check_pairs(lists: Sequence[ClassList], pairs: Pairs) -> None:
    members = [Member(one.dataset, 0, name) for one in lists for name in one.texts.names]
    for pair in pairs:
        there = any(a.dataset != b.dataset and _is(a, pair[0]) and _is(b, pair[1]) for a in members for b in members)
        if not there:
            raise SadvaeError(
                f"no two data sets have the classes {pair[0]!r} and {pair[1]!r}; check `same`, `different`."
            )
