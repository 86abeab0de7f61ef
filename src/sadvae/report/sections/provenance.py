"""How the numbers came about: everything that is needed to make them again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sadvae.record import RunRecord
from sadvae.report.markup import Html, details, element, joined, note, table
from sadvae.report.section import Section
from sadvae.report.words import ORACLE, allowance_words, class_name, duration, part_name


def provenance(record: RunRecord) -> Section:
    """Settings, classes, counts, hashes, versions, allowances, time and memory."""
    body = joined(
        element("h3", "Leakage that was knowingly accepted"),
        _allowances(record),
        element("h3", "Classes"),
        _classes("Unseen", record, record.unseen),
        _classes("Seen", record, record.seen),
        _classes("Held out of the seen classes for calibration and selection", record, record.validation_unseen),
        *_joining(record),
        element("h3", "Data, software and cost"),
        details("Clips in each part", _counts(record.counts), open_=True),
        details("Time by stage and memory", _cost(record), open_=True),
        details("Data hashes (sha256)", _pairs("Data", record.data_hashes)),
        details("Versions", _pairs("Software", {**record.versions, "git revision": record.git_revision or "unknown"})),
        details("All settings", _pairs("Setting", dict(_flat(record.settings)))),
    )
    return Section("provenance", "How these numbers came about", body)


def _joining(record: RunRecord) -> Iterator[Html]:
    """What several data sets were joined to; nothing where there is one."""
    if record.joined is None:
        return
    yield _classes("Seen classes that other data sets add", record, record.joined.added)
    merged = [("One class", " = ".join(members)) for members in record.joined.merged]
    out = [
        (title, f"{' = '.join(one.members)} ~ {one.to}, likeness {one.likeness:.2f}")
        for title, found in record.joined.close
        for one in found
    ]
    yield details(
        "Classes that were joined or left out by their words", table(("What", "Classes"), [*merged, *out], words=(0, 1))
    )


def _allowances(record: RunRecord) -> Html:
    if record.selection == ORACLE:
        return joined(element("b", "The epoch was picked by looking at the test set."), _allowed(record.allow))
    if not record.allow:
        return note("None: no class, person or clip of the tests reaches training, calibration or selection.")
    return _allowed(record.allow)


def _allowed(names: Sequence[str]) -> Html:
    return element("ul", *(element("li", allowance_words(name)) for name in names))


def _classes(title: str, record: RunRecord, ids: Sequence[int]) -> Html:
    names = element("ul", *(element("li", f"{i}  {class_name(record, i)}") for i in sorted(ids)), class_="names")
    return details(f"{title}: {len(ids)}", names if ids else note("none"))


def _pairs(head: str, values: dict[str, Any]) -> Html:
    return table((head, ""), [(name, element("code", str(value))) for name, value in values.items()], words=(0, 1))


def _counts(counts: dict[str, int]) -> Html:
    return table(("Level", "Part", "Clips"), [(*part_name(part), n) for part, n in counts.items()], words=(0, 1))


def _cost(record: RunRecord) -> Html:
    rows = [(stage, duration(seconds)) for stage, seconds in record.seconds.items()]
    rows.append((element("b", "all stages"), duration(sum(record.seconds.values()))))
    rows.append(("largest memory", f"{record.peak_memory_mb:.0f} MiB"))
    return joined(
        table(("Stage", "Time"), rows), note("A stage that was reused counts the time it took when it was built.")
    )


def _written(value: Any) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _flat(settings: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as (dotted name, value), without the published results that have a table of their own."""
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{name}.")
        elif f"{above}{name}" != "published":
            yield f"{above}{name}", _written(value)
