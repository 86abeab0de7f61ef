"""What pydantic finds wrong, in words of this project: the setting, what is wrong with it, and which there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

# What files call lists and tables, in place of what Python does.
_TABLE = "a table of names and values"
_TAKES = {"tuple_type": "a list", "list_type": "a list", "dict_type": _TABLE, "model_type": _TABLE}


def first_fault(error: ValidationError, model: type[BaseModel] | None = None, *, value: bool = False) -> str:
    """The first fault as "setting: what is wrong", "setting takes a list", or "setting is not known; known are ...".

    model: what was validated, for the names that it knows. value: end in what was found.
    """
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return unknown(field, known_at(model, first["loc"]) if model else ())
    found = f" (found {_shown(first['input'])})" if value else ""
    if first["type"] in _TAKES:
        return f"{field or 'the whole'} takes {_TAKES[first['type']]}{found}"
    said = first["msg"].removeprefix("Value error, ")
    return f"{field}: {said}{found}" if field else f"{said}{found}"


def fault_in_settings(error: ValidationError) -> str:
    """The first fault of settings that Python gave, as "setting: what is wrong (found what)"."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "settings"
    return f"{field}: {first['msg'].removeprefix('Value error, ')} (found {_shown(first['input'])})"


def _shown(value: Any) -> str:
    return repr(str(value)[:60])


def unknown(name: str, known: Iterable[str]) -> str:
    """That a name is not known, and which are."""
    names = ", ".join(known)
    return f"{name} is not known; known are {names}" if names else f"{name} is not known"


def known_at(model: type[BaseModel], place: tuple[int | str, ...]) -> tuple[str, ...]:
    """The names of the fields beside the one at a place such as ("compare", 0, "colour"); none where they vary."""
    models = [model]
    for step in (step for step in place[:-1] if isinstance(step, str)):
        fields = [found.model_fields[step] for found in models if step in found.model_fields]
        models = [inner for field in fields for inner in _models(field.annotation)]
    return tuple(dict.fromkeys(name for found in models for name in found.model_fields))


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation such as tuple[Model, ...] | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _models(inner)]
