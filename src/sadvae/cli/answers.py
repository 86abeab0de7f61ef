"""What `sadvae predict` prints and writes of clips: a table, explanations in words, JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.cli.show import percent
from sadvae.files import write_json
from sadvae.recognition.answers import THE_NEAREST, Explanation, Prediction

ENDINGS = (".json",)


def show_answers(found: Sequence[Prediction]) -> None:
    """Print the answers on clips as a table."""
    Console(soft_wrap=True, emoji=False).print(_table(found))


def show_reasons(found: Sequence[Prediction], reasons: Sequence[Explanation]) -> None:
    """Print explanations in words, of the answers found if there are any."""
    console = Console(soft_wrap=True, emoji=False)
    for prediction, reason in zip(found, reasons, strict=bool(reasons)):
        console.print(explained(reason, none=prediction.none_of_these), markup=False, highlight=False)


def write_answers(
    out: Path, found: Sequence[Prediction], reasons: Sequence[Explanation], unfit: Mapping[str, str]
) -> None:
    """Write answers as JSON, each with its explanation where there are any, and say so.

    unfit: clips that were left out, and why; they come last, without answers.
    """
    left_out = [
        {"clip": name, "name": None, "fits": None, "answers": [], "left_out": why} for name, why in unfit.items()
    ]
    write_json(out, [*(_as_json(p, r) for p, r in zip_longest(found, reasons)), *left_out])
    typer.echo(f"Wrote {out}")


def _table(found: Sequence[Prediction]) -> Table:
    table = Table("clip", "answer", "%")
    for prediction in found:
        rows = [(escape(answer.name), percent(answer.probability)) for answer in prediction.answers]
        if prediction.none_of_these:
            rows = [(THE_NEAREST, ""), *rows]
        for position, row in enumerate(rows):
            clip = escape(prediction.clip_id) if position == 0 else ""
            table.add_row(clip, *row, end_section=position == len(rows) - 1)
    return table


def explained(reason: Explanation, *, none: bool = False) -> str:
    """An explanation in plain words, some lines of text; none: of a clip that no name fits."""
    answer, near = reason.answer, ", ".join(f"{a.name} {percent(a.probability)} %" for a in reason.nearest)
    named = f"{THE_NEAREST} {answer.name}" if none else answer.name
    lines = [f"{reason.clip_id}: {named}, {percent(answer.probability)} %. Looks most like: {near}."]
    for what, held in (("parts", reason.parts), ("joints", reason.joints), ("moments", reason.moments)):
        best = sorted(held, key=lambda effect: effect.probability)[:3]
        lines.append(f"  without its {what}: " + ", ".join(f"{e.name} {percent(e.probability)} %" for e in best))
    return "\n".join(lines)


def _as_json(prediction: Prediction, reason: Explanation | None) -> dict[str, object]:
    answers = [{"name": a.name, "probability": a.probability} for a in prediction.answers]
    found: dict[str, object] = {
        "clip": prediction.clip_id,
        "name": prediction.name,
        "fits": prediction.fits,
        "answers": answers,
    }
    return found | ({"explanation": asdict(reason)} if reason else {})
