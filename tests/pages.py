"""Pages of the documentation that are run: the files that they have the reader save, commands, and what these print.

A fenced block after "Save as `NAME`:" is a file. A block ```sh holds commands, one a line. A block ```text after it is
what they print; ```text about says that numbers depend on the machine. In both, a line "..." stands for any lines left
out, and " ..." at the end of a line for the rest of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"(?:Save as `(?P<file>[\w.]+)`:\n\n)?^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.S | re.M)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# How far a shown percentage may be from what this machine finds.
NEAR = 25.0


@dataclass(frozen=True)
class Block:
    """A fenced block. file: the name that it is saved under, or "". kind: its language, "text about" and so on."""

    kind: str
    text: str
    file: str


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(match["kind"].strip(), match["text"], match["file"] or "") for match in found]


def differs(shown: str, printed: str, *, about: bool = False) -> str:
    """Why what a page shows is not what was printed; empty where it is. about: numbers need only be near."""
    lines = [_plain(line) if about else line.rstrip() for line in printed.splitlines()]
    rest = "".join(f"{line}\n" for line in lines)
    pattern = "".join(_pattern(_plain(line) if about else line.rstrip(), about) for line in shown.splitlines())
    match = re.fullmatch(pattern, rest)
    if match is None:
        return f"the page shows\n{shown}\nand this was printed:\n{printed}"
    numbers = zip(_numbers(shown), match.groups(), strict=True) if about else ()
    far = [(page, here) for page, here in numbers if abs(float(page) - float(here)) > NEAR]
    return f"the page shows {far[0][0]} where {far[0][1]} was printed:\n{printed}" if far else ""


def _pattern(line: str, about: bool) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    kept, dots, _ = line.partition(" ...")
    parts = _NUMBER.split(kept) if about else [kept]
    return r"(\d+(?:\.\d+)?)".join(map(re.escape, parts)) + (".*" if dots else "") + r"\n"


def _numbers(shown: str) -> list[str]:
    return [number for line in shown.splitlines() for number in _NUMBER.findall(_plain(line).partition(" ...")[0])]


def _plain(line: str) -> str:
    """A line without what depends on the width of numbers: rules of tables, and how many blanks there are."""
    return " ".join(re.sub(r"[━─]+", "─", line).split())
