"""Descriptions of class names: from a language model, or from rules where there is none; and their file.

The file is JSON: {"format": ..., "classes": [{"name": ..., "descriptions": [...]}, ...], "made": {...}}, where made
says by what, with every prompt and answer as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sadvae.errors import SadvaeError
from sadvae.files import read_json, write_json
from sadvae.text.chat import Chat
from sadvae.text.class_lists import FORMAT, known_descriptions, read_class_texts
from sadvae.text.lexicon import movement_sentences
from sadvae.text.prompts import prompts_of
from sadvae.types import ClassTexts

# A sentence that a class is not described by.
LONGEST = 400
PROMPT = """Describe how a person's body moves during the action "{name}".
Write {count} descriptions, each one sentence of 10 to 25 words. Say which body parts move (head, trunk, arms, hands, \
legs, feet), in which direction, how fast and how often, in the order of time. Say only what a skeleton shows: \
no objects' looks, no clothes, no feelings, no place. Do not repeat the name of the action alone.
Answer with a JSON list of {count} strings and nothing else."""


@dataclass(frozen=True)
class Described:
    """What one class got, and its source: "model", "built-in", "lexicon", "templates", or "given" by the user.

    prompt, answer: of a model, else empty.
    """

    name: str
    descriptions: tuple[str, ...]
    source: str
    prompt: str = ""
    answer: str = ""


def describe(
    names: Sequence[str],
    chat: Chat | None,
    count: int = 3,
    progress: Callable[[int, int], None] = lambda done, total: None,
    given: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> list[Described]:
    """Several descriptions of each name, by a model, or without one by our own sentences, the lexicon and templates.

    count: descriptions to ask a model for. progress: called with names done and names in all. given: descriptions of
    names that have some, which stay as they are.
    Raises SadvaeError as Chat.ask does, and for an answer without a description.
    """
    found = []
    for name in names:
        if given.get(name):
            found.append(Described(name, given[name], "given"))
        else:
            found.append(_asked(name, chat, count) if chat else from_templates(name))
        progress(len(found), len(names))
    return found


def from_templates(name: str) -> Described:
    """Our descriptions of a built-in name, else sentences of the lexicon, else the name in sentences (prompts.py)."""
    known = known_descriptions(name)
    if known:
        return Described(name, known, "built-in")
    moves = movement_sentences(name)
    return Described(name, moves, "lexicon") if moves else Described(name, prompts_of(name)[1:], "templates")


def _asked(name: str, chat: Chat, count: int) -> Described:
    prompt = PROMPT.format(name=name, count=count)
    answer = chat.ask(prompt)
    sentences = sentences_of(answer)[:count]
    if not sentences:
        raise SadvaeError(f"the model's answer about {name!r} holds no description: {answer.strip()[:80]!r}.")
    return Described(name, sentences, "model", prompt, answer)


def sentences_of(answer: str) -> tuple[str, ...]:
    """The sentences of an answer: of a JSON list anywhere in it, or else of its lines without numbers and bullets.

    Sentences that are empty, doubled or longer than LONGEST characters are left out.
    """
    listed = _json_list(answer)
    lines = listed if listed is not None else [_plain(line) for line in answer.splitlines()]
    kept = [" ".join(line.split()) for line in lines]
    return tuple(dict.fromkeys(line for line in kept if 0 < len(line) <= LONGEST))


def _json_list(answer: str) -> list[str] | None:
    begin, end = answer.find("["), answer.rfind("]")
    if not 0 <= begin < end:
        return None
    try:
        found: Any = json.loads(answer[begin : end + 1])
    except (ValueError, RecursionError):
        return None
    return [item for item in found if isinstance(item, str)]


def _plain(line: str) -> str:
    bare = re.sub(r"^\s*(?:[-*•]|\(?\d{1,3}[.):])\s*", "", line).strip().strip('"')
    return "" if bare.startswith("```") or bare.endswith(":") else bare


def write_descriptions(path: Path, found: Sequence[Described], made: dict[str, Any]) -> None:
    """Write the descriptions file, atomically. made: by what, beside prompts and answers."""
    answers = [{"name": d.name, "source": d.source, "prompt": d.prompt, "answer": d.answer} for d in found]
    classes = [{"name": d.name, "descriptions": list(d.descriptions)} for d in found]
    write_json(Path(path), {"format": FORMAT, "classes": classes, "made": {**made, "answers": answers}})


def own_sentence(path: Path, found: Sequence[Described]) -> str | None:
    """A sentence of a descriptions file that somebody wrote by hand and that is not in `found`; None without one.

    What a model or rules gave can be had again: it follows from the answers that the file holds, or from the names.
    Raises SadvaeError where the file is none of descriptions.
    """
    texts, answers = read_descriptions(path), _answers(read_json(path))
    kept = {sentence for one in found for sentence in one.descriptions}
    for name, sentences in zip(texts.names, texts.descriptions, strict=True):
        again = sentences_of(answers[name]) if answers.get(name) else from_templates(name).descriptions
        lost = [sentence for sentence in sentences if sentence not in again and sentence not in kept]
        if lost:
            return lost[0]
    return None


def _answers(value: Any) -> dict[str, str]:
    """The answers of a model in a file that write_descriptions wrote, by class; none in any other."""
    made = value.get("made") if isinstance(value, dict) else None
    found = made.get("answers") if isinstance(made, dict) else None
    entries = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    return {str(entry.get("name")): str(entry.get("answer") or "") for entry in entries}


def read_descriptions(path: Path) -> ClassTexts:
    """Names and descriptions of a descriptions file, a class list, or an object {"name": ["sentence", ...], ...}.

    Raises SadvaeError that names the file and what in it is wrong.
    """
    value = read_json(path)
    if not isinstance(value, dict) or "format" in value:
        return read_class_texts(path)
    good = all(isinstance(v, list) and all(isinstance(s, str) for s in v) for v in value.values())
    if not good:
        raise SadvaeError(f'{path} is not a JSON object of lists of sentences; expected {{"wave": ["One hand ..."]}}.')
    return ClassTexts(tuple(range(len(value))), tuple(value), tuple(tuple(v) for v in value.values()))
