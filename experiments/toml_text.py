"""The little of TOML that experiment files need, written as a person would."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 118


def value(found: Any) -> str:
    """A value on one line: text, number, truth, list, or inline table."""
    if isinstance(found, dict):
        return "{ " + ", ".join(f"{key} = {value(item)}" for key, item in found.items()) + " }"
    if isinstance(found, (list, tuple)):
        return "[" + ", ".join(value(item) for item in found) + "]"
    return json.dumps(found, ensure_ascii=False)


def line(key: str, found: Any) -> str:
    """key = value."""
    return f"{key} = {value(found)}"


def entry(table: str, values: dict[str, Any]) -> list[str]:
    """The lines of [table] or [[table]] ("[table]" given). A table that does not fit one line gets one of its own."""
    lines, below = [f"[{table}]"], []
    for key, found in values.items():
        written = line(key, found)
        if isinstance(found, dict) and len(written) > WIDTH:
            below += entry(f"{table.strip('[]')}.{key}", found)
        else:
            lines.append(written)
    return lines + below
