"""All figures of a folder of records or runs, as files: FOLDER/EXPERIMENT/FIGURE.FORMAT."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sadvae.record import read_record
from sadvae.report.figures.class_bars import class_bars
from sadvae.report.figures.confusion_matrix import confusion_matrix
from sadvae.report.figures.confusions import Confusion, confusions_of
from sadvae.report.figures.from_run import maps_of, traversals_of
from sadvae.report.figures.gather import class_means, curves_of, probes_of, shown_methods, training_of
from sadvae.report.figures.latent_maps import latent_maps
from sadvae.report.figures.probe_bars import probe_bars
from sadvae.report.figures.seen_unseen import seen_unseen
from sadvae.report.figures.style import save
from sadvae.report.figures.training_curves import training_curves
from sadvae.report.figures.traversal_rows import traversal_rows
from sadvae.report.finished import FinishedRun, is_run_folder, read_run
from sadvae.report.results import read_records
from sadvae.report.results_groups import Group, grouped
from sadvae.report.scores import Scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figures(source: Path, folder: Path, formats: tuple[str, ...]) -> list[Path]:
    """Draw every figure of the records below `source`, and where run folders are kept their latents too.

    Returns the files. Raises SadvaeError where there is no record, or one is damaged.
    """
    runs = _runs(source)
    written: list[Path] = []
    for group in grouped(read_records(source)):
        place = folder / _slug(group)
        place.mkdir(parents=True, exist_ok=True)
        for name, figure in _figures(group, runs):
            written += save(figure, place / name, formats)
    return written


def _slug(group: Group) -> str:
    first = group.records[0]
    words = [first.name, first.split, *([] if group.alone else [group.settings_hash])]
    return _file_name("-".join(words) if len(group.split_names) == 1 else group.title) or "run"


def _file_name(words: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "-", words).strip("-.")


def _figures(group: Group, runs: Sequence[Path]) -> Iterator[tuple[str, Figure]]:
    yield from record_figures(Scores(group))
    folder = next((path for path in runs if _belongs(path, group)), None)
    if folder is not None:
        yield from run_figures(read_run(folder))


def record_figures(scores: Scores) -> Iterator[tuple[str, Figure]]:
    """(name, figure) of everything that the records of a group give; what they do not hold is left out."""
    methods = shown_methods(scores)
    if methods:
        chance = scores.group.records[0].evaluations[0].chance
        yield "class_accuracy", class_bars(*class_means(methods), chance, len(scores.split_names))
        yield from _confusions(confusions_of(scores))
    curves = curves_of(methods)
    if curves:
        yield "seen_unseen", seen_unseen(curves)
    terms, picked = training_of(scores)
    if terms:
        yield "training", training_curves(terms, picked)
    probes = probes_of(scores)
    if probes:
        yield "probes", probe_bars(probes)


def _confusions(found: Sequence[Confusion]) -> Iterator[tuple[str, Figure]]:
    """A matrix a split; names that files cannot tell apart are numbered, so that no file takes the place of another."""
    names = [_file_name(confusion.split) for confusion in found]
    for number, (name, confusion) in enumerate(zip(names, found, strict=True)):
        end = f"-{name}" if names.count(name) == 1 else f"-{name}-{number}"
        yield f"confusion{end if len(found) > 1 else ''}", confusion_matrix(confusion, named=len(found) > 1)


def run_figures(run: FinishedRun) -> Iterator[tuple[str, Figure]]:
    """(name, figure) of the latents of one run."""
    maps, ways = maps_of(run)
    if maps:
        yield "latents", latent_maps(maps, ways)
    rows, bones = traversals_of(run)
    if rows:
        yield "traversal", traversal_rows(rows, bones)


def _runs(source: Path) -> list[Path]:
    found = sorted(Path(source).rglob("record.json"))
    return [path.parent for path in found if is_run_folder(path.parent)]


def _belongs(folder: Path, group: Group) -> bool:
    return read_record(folder / "record.json") in group.records
