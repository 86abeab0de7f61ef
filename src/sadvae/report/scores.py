"""The scores of a group of records by method and selection rule, each by split and seed."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sadvae.errors import SadvaeError
from sadvae.evaluation.statistics import Estimate, Values, estimate, paired_difference
from sadvae.record import Evaluation, RunRecord
from sadvae.report.results_groups import Group, short_hash, split_of
from sadvae.report.words import CLOSED_FORMS, LAST, ORACLE, method_name

HELD_OUT = "held_out_classes"
# Fewer values than this give an interval that is too narrow to be believed, so none is shown and nothing concluded.
FEWEST = 5

T = TypeVar("T")
# Things by split and by what tells the runs of a split apart.
Cells = Mapping[Hashable, Mapping[Hashable, T]]


@dataclass(frozen=True)
class Method:
    """A method as tables show it; question: what a compare entry answers, "" for methods that stand for themselves."""

    label: str
    question: str = ""


class Scores:
    """Evaluations of a group, {split: {seed: evaluation}} for each method and rule.

    Splits are told apart by their unseen classes. An equal evaluation of another experiment file counts once. A closed
    form stands under the last epoch, its only one, whichever rule its file names.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self.chance = estimate(by_place([(r, r.evaluations[0].chance) for r in group.records]))
        self.methods: list[Method] = []
        self._found: dict[tuple[str, str], dict[Hashable, dict[Hashable, Evaluation]]] = {}
        self._labels = _entry_labels(group)
        for record in (record for records in group.by_selection().values() for record in records):
            for evaluation in record.evaluations:
                self._add(record, evaluation)

    @property
    def main(self) -> Method:
        """The main method of the experiments."""
        return self.methods[0]

    @property
    def main_rules(self) -> list[str]:
        """The rules that the experiments name as the one that counts, that of most runs first, oracles last."""
        return list(self.group.by_selection())

    @property
    def standing(self) -> list[Method]:
        """Methods that stand for themselves: all but the compare entries that answer a question."""
        return [method for method in self.methods if not method.question]

    def rules(self, method: Method) -> list[str]:
        """The rules that a method was scored under."""
        return [rule for label, rule in self._found if label == method.label]

    def rule_of(self, method: Method, rule: str) -> str | None:
        """The rule itself, or a closed form's only one, which picks nothing; None where a method has other rules."""
        known = self.rules(method)
        return rule if rule in known else known[0] if len(known) == 1 and known[0] != ORACLE else None

    def counting(self, methods: Sequence[Method]) -> list[tuple[Method, str]]:
        """Methods under each of the rules that count, each pair once; a closed form under its only rule."""
        found = [
            (method, rule) for wanted in self.main_rules for method in methods if (rule := self.rule_of(method, wanted))
        ]
        return list(dict.fromkeys(found))

    def comparable(self, wanted: str) -> list[tuple[Method, str]]:
        """The methods that stand for themselves, under a rule, which have the splits of the main one there.

        Means over other splits are higher or lower by what those splits are. Where the main one has no such rule, the
        splits are those of the first method that does.
        """
        found = self._under(wanted)
        splits = self._splits(*found[0]) if found else set[Hashable]()
        return [pair for pair in found if self._splits(*pair) == splits]

    def elsewhere(self, wanted: str) -> list[Method]:
        """The methods that `comparable` leaves out because of their splits."""
        kept = self.comparable(wanted)
        return [pair[0] for pair in self._under(wanted) if pair not in kept]

    def _under(self, wanted: str) -> list[tuple[Method, str]]:
        return [(method, rule) for method in self.standing if (rule := self.rule_of(method, wanted))]

    def _splits(self, method: Method, rule: str) -> set[Hashable]:
        return set(self.evaluations(method, rule))

    def evaluations(self, method: Method, rule: str) -> Cells[Evaluation]:
        """The evaluations of a method under a rule by split and seed; empty where there is none."""
        return self._found.get((method.label, rule), {})

    @property
    def split_names(self) -> dict[Hashable, str]:
        """The names of the splits, by what tells splits apart."""
        return self.group.split_names

    def values(self, method: Method, rule: str, field: str) -> Values | None:
        """A score by split and seed; None where an evaluation lacks it (no gate) or there is none."""
        cells = self._found.get((method.label, rule), {})
        found = {s: {seed: getattr(e, field) for seed, e in seeds.items()} for s, seeds in cells.items()}
        missing = not found or any(value is None for seeds in found.values() for value in seeds.values())
        return None if missing else found

    def mean(self, method: Method, rule: str, field: str) -> Estimate | None:
        """The mean of a score over splits and seeds."""
        values = self.values(method, rule, field)
        return estimate(values) if values else None

    def difference(self, left: tuple[Method, str], right: tuple[Method, str], field: str) -> Estimate | None:
        """The mean of the left score minus the right one, over the splits and seeds of both."""
        ours, theirs = self.values(*left, field), self.values(*right, field)
        return paired_difference(ours, theirs) if ours and theirs else None

    def by_split(self, field: str) -> dict[Hashable, dict[str, Estimate]]:
        """{split: {method: mean}} under the first rule that counts, for methods that stand for themselves.

        In the order of the splits' names.
        """
        names = self.split_names
        found: dict[Hashable, dict[str, Estimate]] = {split: {} for split in sorted(names, key=lambda s: names[s])}
        for method in self.standing:
            rule = self.rule_of(method, self.main_rules[0])
            for split, seeds in (self.values(method, rule, field) or {}).items() if rule else ():
                mean = estimate({split: seeds})
                if mean is not None:
                    found[split][method.label] = mean
        return found

    def named(self, name: str) -> Method | None:
        """The method with that label, or with that name before its preset, in any case; None where there is none."""
        wanted = plain(name)
        exact = [method for method in self.methods if plain(method.label) == wanted]
        return next(iter([*exact, *(m for m in self.methods if plain(m.label.split(" (")[0]) == wanted)]), None)

    def method_of(self, record: RunRecord, evaluation: Evaluation) -> Method:
        """The method of an evaluation of one of the group's records."""
        definition = _definition(record, evaluation.entry)
        return self._labels.get((evaluation.entry, definition), Method(method_name(evaluation)))

    def _add(self, record: RunRecord, evaluation: Evaluation) -> None:
        method, rule = self.method_of(record, evaluation), _rule(evaluation)
        if method not in self.methods:
            self.methods.append(method)
        cells = self._found.setdefault((method.label, rule), {})
        split, seed = _place(record)
        known = cells.setdefault(split, {}).setdefault(seed, evaluation)
        if _numbers(known) != _numbers(evaluation):
            raise SadvaeError(
                f"{method.label} has two different results for split {record.split}, seed {record.seed}, selection "
                f"{rule}; keep one of the records in the folder that is read."
            )
        # A record keeps classes and curves under the rule that counts in it alone; of equal ones that one is wanted.
        if evaluation.classes and not known.classes:
            cells[split][seed] = evaluation


def plain(name: str) -> str:
    """A name without case, spaces and signs, to compare names as people type them."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _place(record: RunRecord) -> tuple[Hashable, Hashable]:
    return split_of(record), (tuple(sorted(record.validation_unseen)), record.seed)


def by_place(pairs: Iterable[tuple[RunRecord, T]]) -> dict[Hashable, dict[Hashable, T]]:
    """What belongs to records by their split and seed; of records of one split and seed the first counts."""
    found: dict[Hashable, dict[Hashable, T]] = {}
    for record, value in pairs:
        split, seed = _place(record)
        found.setdefault(split, {}).setdefault(seed, value)
    return found


def _numbers(evaluation: Evaluation) -> dict[str, Any]:
    """What equal results have in common; which rule they stand under is told by _rule."""
    return evaluation.model_dump(exclude={"selection", "curve", "classes", "confusion", "confusion_ids"})


def _rule(evaluation: Evaluation) -> str:
    """The rule that a score stands under; records file a closed form under whichever rule their file names first."""
    return LAST if evaluation.method in CLOSED_FORMS else evaluation.selection


def _entry(record: RunRecord, name: str) -> dict[str, Any]:
    return next((e for e in record.settings.get("compare", ()) if name and e.get("name") == name), {})


def _definition(record: RunRecord, name: str) -> str:
    return json.dumps({k: v for k, v in _entry(record, name).items() if k != "question"}, sort_keys=True)


def _entry_labels(group: Group) -> dict[tuple[str, str], Method]:
    """The compare entries by name and definition; a hash tells entries of one name and several definitions apart."""
    found: dict[tuple[str, str], str] = {}
    for record in group.records:
        for name in {e.entry for e in record.evaluations if e.entry}:
            found[name, _definition(record, name)] = str(_entry(record, name).get("question", ""))
    names = [name for name, _ in found]
    return {
        (name, definition): Method(name if names.count(name) == 1 else f"{name} #{short_hash(definition)}", question)
        for (name, definition), question in sorted(found.items())
    }
