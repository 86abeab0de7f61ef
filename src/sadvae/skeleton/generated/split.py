"""The class split of generated motion: unseen actions are new compositions of moves that seen actions have."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sadvae.files import read_json
from sadvae.skeleton.generated.actions import ACTIONS
from sadvae.types import ClassSplit

NAME = "generated"


def generated_split() -> ClassSplit:
    """The split of split.json over all generated actions; every action that it does not list is seen."""
    value = read_json(Path(str(files("sadvae.skeleton.generated") / "split.json")))
    unseen = tuple(value["unseen"])
    seen = tuple(i for i in range(len(ACTIONS)) if i not in unseen)
    return ClassSplit(NAME, seen, unseen, tuple(value["validation_unseen"]))
