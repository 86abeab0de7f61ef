"""Which texts stand for a class: its name, sentences around its name or on its movement, our descriptions, or both."""

from __future__ import annotations

from sadvae.errors import SadvaeError
from sadvae.text.lexicon import movement_sentences
from sadvae.types import ClassTexts

_TEXTS = ("names", "prompts", "movement", "names+movement", "descriptions", "names+descriptions")
# Behind any of these: which words of movement the texts use goes beside their vector (movement_words.py).
WORDS = "+words"
MODES = (*_TEXTS, *(texts + WORDS for texts in _TEXTS))

TEMPLATES = (
    "{}",
    "A person performs the action {}.",
    "The body of a person moves: {}.",
    "A skeleton recording of someone doing this: {}.",
)


def check_mode(mode: str) -> None:
    """Raise SadvaeError unless `mode` is one of MODES."""
    if mode not in MODES:
        raise SadvaeError(f"unknown text mode {mode!r}; expected one of {', '.join(MODES)}.")


def prompts_of(name: str) -> tuple[str, ...]:
    """The class name in each of TEMPLATES."""
    return tuple(template.format(name) for template in TEMPLATES)


def texts_of(texts: ClassTexts, mode: str) -> tuple[tuple[str, ...], ...]:
    """The texts that stand for each class under a mode, in the order of texts.ids; at least one a class.

    Where a class has no description, `descriptions` takes what `names+movement` does, which reads none: the name, and
    the lexicon's sentences on it. Where the lexicon knows no word of the name, its prompts stand in.
    Raises SadvaeError for an unknown mode.
    """
    check_mode(mode)
    plain = mode.removesuffix(WORDS)
    return tuple(
        _texts(name, descriptions, plain) for name, descriptions in zip(texts.names, texts.descriptions, strict=True)
    )


def _texts(name: str, descriptions: tuple[str, ...], mode: str) -> tuple[str, ...]:
    if mode == "names":
        return (name,)
    if mode == "prompts":
        return prompts_of(name)
    if mode == "movement":
        return movement_sentences(name) or prompts_of(name)
    if mode == "names+movement":
        return (name, *(movement_sentences(name) or prompts_of(name)))
    if mode == "descriptions":
        return descriptions or _texts(name, (), "names+movement")
    return (name, *descriptions)
