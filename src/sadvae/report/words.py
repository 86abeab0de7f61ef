"""Numbers and names as a report writes them."""

from __future__ import annotations

from collections.abc import Sequence

from sadvae.record import Evaluation, RunRecord

LAST, ORACLE = "last_step", "oracle_test"
# Methods of a single step: no rule has an epoch of theirs to pick.
CLOSED_FORMS = ("ridge", "eszsl", "cca", "taught")
# What stands where there is no number.
DASH = "\u2013"
_RULES = {
    LAST: "last epoch",
    "held_out_classes": "best epoch on held-out classes",
    ORACLE: "oracle, not a result",
}
_ALLOWED = {
    "shared_subjects": "the same people in training and test",
    "unknown_encoder": "features of an encoder whose training classes are not known",
    "equal_rows": "equal feature rows in training and test",
}
_PARTS = {"train": "training", "test_seen": "seen test", "test_unseen": "unseen test"}
_METHODS = {
    "sa_dvae": "SA-DVAE",
    "ridge": "ridge regression",
    "eszsl": "ESZSL",
    "cca": "CCA",
    "devise": "DeViSE",
    "revise": "ReViSE",
    "jpose": "JPoSE",
    "cada_vae": "CADA-VAE",
    "synse": "SynSE",
    "smie": "SMIE",
    "aligned_vae": "aligned VAE",
}


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction in percent, without the sign; a dash for None."""
    return DASH if value is None else f"{100 * value:.{digits}f}"


def stated(value: float | None) -> str:
    """A number that is in percent already; a dash for None."""
    return DASH if value is None else f"{value:.1f}"


def rule_words(selection: str) -> str:
    """A selection rule in words, its name if it is not one of ours."""
    return _RULES.get(selection, selection)


def allowance_words(allowed: str) -> str:
    """An allowance such as "test: shared_subjects" in words."""
    level, _, name = allowed.rpartition(": ")
    return f"{level + ' level: ' if level else ''}{_ALLOWED.get(name, name)} ({name})"


def method_name(evaluation: Evaluation) -> str:
    """The name of a compare entry, or a method and its preset, such as "SA-DVAE (sadvae)"."""
    if evaluation.entry:
        return evaluation.entry
    name = _METHODS.get(evaluation.method, evaluation.method)
    return name if evaluation.preset is None else f"{name} ({evaluation.preset})"


def run_title(record: RunRecord) -> str:
    """The title of the experiment, or its name."""
    return str(record.settings.get("title") or record.name)


def title_of_all(records: Sequence[RunRecord]) -> str:
    """Data set and counts of classes, as the titles of all splits begin: "UTD-MHAD 22/5 (random-22-5-0, default)"."""
    first = records[0]
    counts = f"{len(first.seen)}/{len(first.unseen)}"
    titles = {run_title(record).partition(" (")[0] for record in records}
    return titles.pop() if len(titles) == 1 and min(titles).endswith(f" {counts}") else f"{first.dataset} {counts}"


def class_name(record: RunRecord, class_id: int) -> str:
    """The name of a class, or its id where the record does not name it."""
    known = 0 <= class_id < len(record.class_names)
    return record.class_names[class_id] if known else f"class {class_id}"


def part_name(part: str) -> tuple[str, str]:
    """The level and the part of a task that a count such as "test.test_seen" is of, in words."""
    level, _, name = part.rpartition(".")
    return f"{level} level", _PARTS.get(name, name)


def duration(seconds: float) -> str:
    """Seconds as "12.3 s", "4.5 min" or "2.1 h"."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def counted(number: int, thing: str) -> str:
    """A number and a thing in the singular or plural, such as "1 class", "6 classes"."""
    plural = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"{number} {thing if number == 1 else plural}"
