"""The report of a run as one page that works from a double click: nothing in it is loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from sadvae.files import write_text
from sadvae.record import RunRecord
from sadvae.report.markup import Html, element, escaped, joined, script_json
from sadvae.report.motion import packed
from sadvae.report.scene import ReportScene
from sadvae.report.section import Section
from sadvae.report.sections.classes import classes
from sadvae.report.sections.clips import clips
from sadvae.report.sections.comparison import comparison
from sadvae.report.sections.confusion import confusion
from sadvae.report.sections.curve import curve
from sadvae.report.sections.headline import headline
from sadvae.report.sections.latents import latents
from sadvae.report.sections.probes import probes
from sadvae.report.sections.provenance import provenance
from sadvae.report.sections.training import training
from sadvae.report.words import rule_words, run_title


def write_report(path: Path, record: RunRecord, scene: ReportScene) -> None:
    """Write the report page of a run, atomically. Raises SadvaeError if the record's published results are faulty."""
    write_text(path, report_html(record, scene))


def report_html(record: RunRecord, scene: ReportScene) -> str:
    """The report page of a run as HTML; the same record and scene give the same text."""
    return filled_page(
        title=run_title(record),
        kicker="Zero-shot action recognition from skeletons: report of one run",
        about=_about(record),
        sections=_sections(record, scene),
        scripts=(("space.js", "bodies.js"), ("page.js",)),
        clips=[packed(clip) for clip in scene.clips],
    )


def filled_page(
    *,
    title: str,
    kicker: str,
    about: Html,
    sections: Sequence[Section],
    scripts: Sequence[Sequence[str]],
    styles: Sequence[str] = ("page.css",),
    clips: Sequence[Any] = (),
) -> str:
    """A page of sections as HTML. styles, scripts: of report/data, after Plotly's own; a script may join files."""
    from plotly.offline import get_plotlyjs

    running = [get_plotlyjs(), *("\n".join(map(_asset, names)) for names in scripts)]
    charts = {name: chart for section in sections for name, chart in section.charts.items()}
    return Template(_asset("page.html")).substitute(
        policy=escaped(_policy(running)),
        title=escaped(title),
        kicker=escaped(kicker),
        about=about,
        style="\n".join(map(_asset, styles)),
        contents=joined(*(element("a", section.title, href=f"#{section.anchor}") for section in sections)),
        sections=joined(*(section.markup() for section in sections)),
        charts=script_json(charts),
        clips=script_json(list(clips)),
        scripts="\n".join(f"<script>{script}</script>" for script in running),
    )


def _sections(record: RunRecord, scene: ReportScene) -> list[Section]:
    return [
        headline(record),
        comparison(record),
        *([clips(scene)] if scene.clips else []),
        classes(record),
        confusion(record),
        curve(record),
        training(record),
        latents(record, scene),
        *([probes(record)] if record.probes else []),
        provenance(record),
    ]


def _about(record: RunRecord) -> Html:
    facts = {
        "Data": record.dataset,
        "Split": record.split,
        "Seed": record.seed,
        "Weights": rule_words(record.selection),
    }
    return joined(*(element("span", f"{name}: ", element("b", value)) for name, value in facts.items()))


def _asset(name: str) -> str:
    return (files("sadvae.report") / "data" / name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    """What the browser may load and run: the page's own scripts, by their hashes, and nothing else."""
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
