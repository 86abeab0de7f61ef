"""Several data sets in one experiment: whose classes are one, and which of them may train beside unseen ones."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from sadvae.errors import LeakageError, SadvaeError
from sadvae.protocol import Joined, name_in
from sadvae.record import CloseClass, JoinedRecord
from sadvae.settings import DataSettings, JoiningSettings, PartSettings
from sadvae.text.class_lists import class_texts, dataset_names, read_class_texts
from sadvae.text.encoders import load_text_encoder
from sadvae.text.merging import ClassList, JoinedClasses, class_list, join_classes, words_of
from sadvae.types import ClassSplit, ClassTexts


def joined_classes(data: DataSettings) -> JoinedClasses:
    """The classes of all data sets of an experiment, merged by their words; no clip is looked at.

    Raises SadvaeError where a data set's classes have no names.
    """
    lists = [_list(part.dataset, part_texts(part), data.joining.encoder) for part in data.parts]
    how = data.joining
    return join_classes(lists, how.alike, how.same, how.different)


def part_texts(part: PartSettings) -> ClassTexts:
    """The words for the classes of one data set: a user's list or a built-in one. Raises SadvaeError for none."""
    if part.classes is None and part.dataset not in dataset_names():
        raise SadvaeError(
            f"the classes of {part.dataset!r} have no names that others could be compared with; "
            "give its entry in the experiment file a list, classes = 'FILE.json'."
        )
    return read_class_texts(part.classes) if part.classes else class_texts(part.dataset)


# Every stage of a run asks for the same lists.
@lru_cache(maxsize=16)
def _list(dataset: str, texts: ClassTexts, encoder: str) -> ClassList:
    return class_list(dataset, texts, load_text_encoder(encoder))


def joined_split(
    split: ClassSplit, classes: JoinedClasses, how: JoiningSettings, present: Collection[int] | None = None
) -> ClassSplit:
    """The split of the first data set with what the others add to its seen classes.

    A class that is merged with an unseen one is that class, so none of its clips trains. A class of the others that is
    close to an unseen one is left out where that is strict, and so is one that is not among `present`, the class ids
    that have clips. Raises LeakageError where a class that `same` puts to a seen one is an unseen one by its words.
    """
    _refuse_disguised(split, classes, how.alike)
    out = set(classes.close_to(split.unseen, how.close)) if how.strict else set()
    added = range(classes.own, len(classes.members))
    more = tuple(c for c in added if c not in out and (present is None or c in present))
    return ClassSplit(split.name, (*split.seen, *more), split.unseen, split.validation_unseen)


def joined_division(data: DataSettings, split: ClassSplit, classes: JoinedClasses) -> Joined:
    """How the clips of all data sets are divided under a split of joined_split."""
    close = classes.close_to(split.validation_unseen, data.joining.close) if data.joining.strict else {}
    rules = tuple((part.dataset, part.train_subjects) for part in data.parts)
    return Joined(rules=rules, own=classes.own, aside=tuple(c for c in close if c in set(split.seen)))


def joined_subjects(data: DataSettings, subjects: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Subjects of the data set that tests, under their names among those of all."""
    if subjects is None or not data.more:
        return subjects
    return tuple(name_in(data.dataset, one) for one in subjects)


def joined_record(data: DataSettings, split: ClassSplit) -> JoinedRecord:
    """What a record says of joining: classes that became one, that were added, and that were left out, and why."""
    classes, strict = joined_classes(data), data.joining.strict

    def close(to: tuple[int, ...]) -> list[CloseClass]:
        names = classes.texts.names
        found = classes.close_to(to, data.joining.close) if strict else {}
        return [
            CloseClass(members=[str(m) for m in classes.members[c]], to=names[other], likeness=round(like, 3))
            for c, (other, like) in found.items()
        ]

    return JoinedRecord(
        merged=[[str(m) for m in members] for members in classes.merged],
        added=[c for c in split.seen if c >= classes.own],
        left_out=close(split.unseen),
        left_out_of_calibration=close(split.validation_unseen),
    )


def _refuse_disguised(split: ClassSplit, classes: JoinedClasses, alike: float) -> None:
    for seen in (c for c in split.seen if c < classes.own):
        for row, member in enumerate(classes.members[seen][1:], start=1):
            vector = classes.vectors[seen][row]
            for unseen in split.unseen:
                equal = any(words_of(m.name) == words_of(member.name) for m in classes.members[unseen])
                likeness = float((classes.vectors[unseen] @ vector).max())
                if equal or likeness >= max(alike, float(vector @ classes.vectors[seen][0])):
                    raise LeakageError(
                        f"class {member} is joined with the seen class {classes.texts.names[seen]!r}, but by its words "
                        f"it is the unseen class {classes.texts.names[unseen]!r}; take it out of `same`."
                    )
