"""What the page says of recognisers, and of a clip's way to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sadvae.errors import SadvaeError
from sadvae.recognizer import Recognizer
from sadvae.serving import messages
from sadvae.skeleton.joint_maps import joint_map
from sadvae.types import Layout


@dataclass(frozen=True, eq=False)
class Loaded:
    """A recogniser and its name on the page."""

    name: str
    recognizer: Recognizer


def short_names(names: list[str]) -> list[str]:
    """Paths as people tell them apart: without what they begin and end with alike, as far as something is left."""
    if len(names) == 1:
        return ["/".join(Path(names[0]).parts[-3:])]
    rows = [list(Path(name).parts) for name in names]
    while all(len(row) > 1 for row in rows) and len({row[0] for row in rows}) == 1:
        rows = [row[1:] for row in rows]
    while all(len(row) > 1 for row in rows) and len({row[-1] for row in rows}) == 1:
        rows = [row[:-1] for row in rows]
    short = ["/".join(row) for row in rows]
    return short if len(set(short)) == len(short) else [f"{name} ({i + 1})" for i, name in enumerate(short)]


def recognizer_facts(one: Loaded) -> messages.RecognizerFacts:
    """A recogniser as the page introduces it."""
    config, layout = one.recognizer.config, one.recognizer.encoder.layout
    trained = list(config.seen_names)
    return messages.RecognizerFacts(
        name=one.name,
        dataset=config.dataset,
        layout=layout.name,
        joints=len(layout.joints),
        trained=trained,
        unseen=[name for name in config.class_names if name not in trained],
        gate=one.recognizer.gate is not None,
        calibrated=one.recognizer.calibration is not None,
    )


def mapping_facts(source: Layout, target: Layout) -> messages.Mapping:
    """Whether a clip of one layout must, and can, be brought to another."""
    if source.joints == target.joints:
        return messages.Mapping(needed=False, possible=True, sentence="")
    try:
        return messages.Mapping(needed=True, possible=True, sentence=joint_map(source, target).sentence)
    except SadvaeError as error:
        return messages.Mapping(needed=True, possible=False, sentence=str(error))


def for_pages(sentence: str) -> str:
    """A sentence that points at the page's own box in place of an option of the command line."""
    return sentence.replace("ask for --map-layout (map_layout=True)", "ask for map_layout (the box below the body)")
