"""Whether class vectors are of the classes of a data set, before anything is made of both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.types import ClassEmbeddings


def check_vectors(vectors: ClassEmbeddings, class_names: Sequence[str], *, path: Path, whose: str) -> None:
    """Refuse vectors of other classes than those of names class_names [class], by id.

    path: of the vectors; whose: what has the classes, both for errors. Raises SadvaeError where there are vectors of
    other ids, where a name has another number in both, or where no name agrees. Some names may differ, since one may
    word them anew; without names nothing but the ids is looked at.
    """
    if set(vectors.ids) != set(range(len(class_names))):
        raise SadvaeError(
            f"{path} holds vectors of {len(vectors.ids)} classes; {whose} has {len(class_names)} classes; take the "
            "vectors of the same data set."
        )
    if vectors.names and not _are_numbers(class_names):
        _check_names(dict(zip(vectors.ids, vectors.names, strict=True)), class_names, path, whose)


def _are_numbers(names: Sequence[str]) -> bool:
    """Whether the classes have no names but those that `sadvae import` gives where it knows none."""
    return all(name == f"class {class_id}" for class_id, name in enumerate(names))


def _check_names(given: dict[int, str], names: Sequence[str], path: Path, whose: str) -> None:
    own = [name.casefold() for name in names]
    other = [c for c in sorted(given) if given[c].casefold() != own[c]]
    moved = [c for c in other if given[c].casefold() in own]
    if not moved and len(other) < len(own):
        return
    first = (moved or other)[0]
    raise SadvaeError(
        f"{path} has {given[first]!r} as class {first}, where {whose} has {names[first]!r}; take the vectors of the "
        "same classes in the same order, and put words of your own for a class in its descriptions."
    )
