"""RESULTS.md of many splits, methods, rules and settings: means, pairs, gaps, ablations, replications, files."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import sem

from sadvae.errors import SadvaeError
from sadvae.methods.baselines import BASELINES, NEURAL
from sadvae.record import Evaluation, RunRecord
from sadvae.report.readme import readme_table
from sadvae.report.results import results_markdown, write_tables
from sadvae.report.tables import Number, Table, csv_text, latex, markdown
from sadvae.report.words import CLOSED_FORMS, ORACLE
from tests.report_samples import make_evaluation, make_record
from tests.unit.test_results import row

SPLITS = {"first": [3, 4], "second": [2, 4], "third": [0, 3]}
RNG = np.random.default_rng(0)
# Scores of the main method by split and seed, those of ridge, and what the entry loses in every run.
MAIN, RIDGE = RNG.uniform(0.5, 0.8, (3, 2)), RNG.uniform(0.4, 0.7, (3, 2))
LOSS = RNG.uniform(0.02, 0.06, (3, 2))
QUESTION = "Does disentanglement help?"
COMPARE = [{"name": "no disentanglement", "method": {"preset": "sadvae"}, "question": QUESTION}]


def evaluations(main: float, ridge: float, loss: float) -> list[Evaluation]:
    rules = {"last_step": 0.0, "held_out_classes": 0.01, ORACLE: 0.05}
    entry = {"entry": "no disentanglement"}
    return [
        *(make_evaluation(selection=rule, zsl_accuracy=main + more) for rule, more in rules.items()),
        *(make_evaluation(selection=rule, zsl_accuracy=main + more - loss, **entry) for rule, more in rules.items()),
        make_evaluation("ridge", None, zsl_accuracy=ridge),
    ]


def records(**changes: Any) -> list[RunRecord]:
    """Three splits of two seeds, each split an experiment of its own."""
    settings = {**make_record().settings, "compare": COMPARE, **changes.pop("settings", {})}
    return [
        make_record(
            name=f"trial-{split}",
            split=split,
            seed=seed,
            unseen=unseen,
            seen=[c for c in range(6) if c not in unseen],
            settings=settings,
            evaluations=evaluations(MAIN[i, seed], RIDGE[i, seed], LOSS[i, seed]),
            **changes,
        )
        for i, (split, unseen) in enumerate(SPLITS.items())
        for seed in (0, 1)
    ]


def shown(values: np.ndarray, sign: str = "") -> str:
    """The mean and the standard error over split means, as a table begins with them."""
    means = 100 * values.mean(axis=1)
    return f"{means.mean():{sign}.1f} ± {sem(means):.1f} ("


def test_splits_of_one_data_set_share_a_table() -> None:
    text = results_markdown(records())
    assert text.count("\n## ") == 1
    assert "## sticks, 4 seen and 2 unseen classes\n" in text
    assert "- Splits: first, second, third\n" in text
    assert "2 seeds (0, 1), 6 runs, last epoch" in text
    cells = row(text, "SA-DVAE (sadvae)", "last epoch")
    assert cells[2] == "6"
    assert cells[3].startswith(shown(MAIN))
    assert row(text, "second")[2] == f"{100 * RIDGE[1].mean():.1f} ± {100 * sem(RIDGE[1]):.1f}"


def test_differences_are_paired_and_answered() -> None:
    cells = row(results_markdown(records()), "SA-DVAE (sadvae) minus ridge regression")
    assert cells[2] == "6"
    assert cells[3].startswith(shown(MAIN - RIDGE, "+"))
    against = results_markdown(records(), against="ridge regression")
    assert row(against, "ridge regression minus SA-DVAE (sadvae)")[3].startswith(shown(RIDGE - MAIN, "+"))
    assert results_markdown(records(), against="Ridge Regression") == against
    with pytest.raises(SadvaeError, match="no record has a method 'magic'; they have SA-DVAE"):
        results_markdown(records(), against="magic")


def test_a_question_has_a_table_and_an_answer() -> None:
    text = results_markdown(records())
    part = text.split(f"### {QUESTION}\n")[1].split("###")[0]
    assert row(part, "SA-DVAE (sadvae) minus no disentanglement")[3].startswith(shown(LOSS, "+"))
    mean = 100 * LOSS.mean()
    assert f"SA-DVAE (sadvae) minus no disentanglement, ZSL: {mean:+.1f} points, interval (" in part
    assert ", 6 pairs: an increase." in part
    assert "no disentanglement" not in text.split("### Is SA-DVAE")[0].split("### How good")[1]


def test_no_effect_is_called_so() -> None:
    ours = records()
    flat = [
        r.model_copy(update={"evaluations": evaluations(0.6, 0.5, 0.1 * (-1) ** (r.seed + len(r.split)))}) for r in ours
    ]
    assert "no effect shown." in results_markdown(flat).split(f"### {QUESTION}\n")[1].split("|")[0]


def test_what_leaves_zsl_as_it_is_is_answered_in_h() -> None:
    def gated(record: RunRecord) -> RunRecord:
        entry = {"entry": "no disentanglement", "zsl_accuracy": 0.6}
        found = [make_evaluation(zsl_accuracy=0.6), make_evaluation(harmonic_mean=0.1, **entry)]
        return record.model_copy(update={"evaluations": found})

    ours = make_evaluation().harmonic_mean
    assert ours is not None
    answer = results_markdown([gated(r) for r in records()]).split(f"### {QUESTION}\n")[1].split("|")[0]
    assert f"minus no disentanglement, H: {100 * (ours - 0.1):+.1f} points" in answer


def test_the_gap_of_selection() -> None:
    text = results_markdown(records())
    part = text.split("### By how much")[1].split("\n### ")[0]
    cells = row(part, "SA-DVAE (sadvae)")
    assert cells[1] == "6"
    assert [c.split(" ")[0] for c in cells[2:5]] == [f"{100 * (MAIN.mean() + more):.1f}" for more in (0, 0.01, 0.05)]
    assert cells[5] == "+4.0 ± 0.0 (4.0 to 4.0)"
    assert "Oracle, not a result" in part
    assert "6 pairs: an increase. Over 2 methods: +4.0 to +4.0 points." in part


def test_an_oracle_is_never_called_the_best() -> None:
    best = results_markdown(records()).split("Highest ZSL: ")[1].split(";")[0]
    assert best.startswith(f"SA-DVAE (sadvae), {100 * MAIN.mean():.1f} %")


def test_where_oracles_alone_were_run_no_method_is_called_the_highest() -> None:
    only = [make_evaluation(selection=ORACLE), make_evaluation("synse", None, selection=ORACLE)]
    found = [r.model_copy(update={"selection": ORACLE, "evaluations": only}) for r in records()]
    assert "Highest ZSL" not in results_markdown(found)


def test_equal_results_of_two_files_count_once_and_contradictions_are_refused() -> None:
    twice = [r.model_copy(update={"name": "another"}) for r in records()[:2]]
    text = results_markdown([*records(), *twice])
    assert row(text, "SA-DVAE (sadvae)", "last epoch")[2] == "6"
    other = twice[0].model_copy(update={"evaluations": evaluations(0.1, 0.1, 0.0)})
    with pytest.raises(SadvaeError, match="two different results for split first, seed 0, selection last_step"):
        results_markdown([*records(), other])


def test_runs_that_hold_out_other_classes_are_runs_of_their_own() -> None:
    changes = {"name": "other", "validation_unseen": [1], "evaluations": evaluations(0.1, 0.1, 0.0)}
    other = records()[0].model_copy(update=changes)
    assert row(results_markdown([*records(), other]), "SA-DVAE (sadvae)", "last epoch")[2] == "7"


def test_entries_of_one_name_and_two_definitions_have_two_rows() -> None:
    settings = {"compare": [{**COMPARE[0], "method": {"preset": "paper"}}]}
    both = records()
    both[5] = both[5].model_copy(update={"settings": {**both[5].settings, **settings}})
    part = results_markdown(both).split(f"### {QUESTION}\n")[1].split("\n### ")[0]
    counts = sorted(line.split(" | ")[2] for line in part.splitlines() if "minus no disentanglement #" in line)
    assert counts == ["1", "5"]


def test_replication_says_published_ours_difference_and_rules() -> None:
    stated = {"method": "SA-DVAE", "source": "Li 2024", "selection": ORACLE, "zsl": 70.0}
    other = {"method": "SynSE", "source": "Gupta 2021", "zsl": 33.0}
    text = results_markdown(records(settings={"published": [stated, other]}))
    part = text.split("### Are published results met?")[1]
    ours = 100 * (MAIN[1].mean() + 0.05)
    error = 100 * sem(MAIN[1])
    rule = "oracle, not a result"
    expected = [
        "second",
        "SA-DVAE",
        "ZSL",
        "70.0",
        rule,
        f"{ours:.1f} ± {error:.1f}",
        rule,
        f"{ours - 70:+.1f}",
        "Li 2024",
    ]
    assert row(part, "second", "SA-DVAE") == expected
    assert row(part, "second", "SynSE")[5:8] == ["\u2013", "not run", "\u2013"]
    gaps = [100 * (MAIN[i].mean() + 0.05) - 70 for i in range(3)]
    assert f"in {sum(g < 0 for g in gaps)} of 3 cases; the differences are {min(gaps):+.1f} to {max(gaps):+.1f}" in part


def test_a_published_result_of_another_rule_is_not_set_against_our_oracle() -> None:
    stated = {"method": "SA-DVAE", "source": "Li 2024", "selection": "unknown", "zsl": 70.0}
    both = [make_evaluation(selection=ORACLE, zsl_accuracy=0.9), make_evaluation(zsl_accuracy=0.6)]
    found = [r.model_copy(update={"evaluations": both}) for r in records(settings={"published": [stated]})]
    part = results_markdown(found).split("### Are published results met?")[1]
    assert row(part, "second", "SA-DVAE")[6:8] == ["last epoch", "-10.0"]


def test_splits_and_experiments_of_one_name_are_not_taken_for_one_another() -> None:
    """As of two folders of runs, each made from a file mine.toml with a split.json of its own."""
    stated = {"method": "SA-DVAE", "source": "Li 2024", "selection": ORACLE, "zsl": 70.0}
    of_one_name = [r.model_copy(update={"name": "mine"}) for r in records(settings={"published": [stated]})]
    of_one_name = [r.model_copy(update={"split": "split.json"}) for r in of_one_name if r.seed == (r.split == "second")]
    part = results_markdown(of_one_name).split("### Are published results met?")[1].split("\n### ")[0]
    found = sorted(line.split(" | ")[5] for line in part.splitlines() if line.startswith("| split.json #"))
    expected = [MAIN[0, 0], MAIN[1, 1], MAIN[2, 0]]
    assert found == sorted(f"{100 * (value + 0.05):.1f}" for value in expected)


def test_other_settings_are_compared_by_what_differs() -> None:
    base = records(settings={"prepare": {"canonicalise": True, "bodies": 2}})
    other = records(settings={"prepare": {"canonicalise": False}}, data_hashes={"clips": "other"})
    shifted = [
        r.model_copy(update={"evaluations": evaluations(m, 0.5, 0.0)})
        for r, m in zip(other, MAIN.ravel() - 0.1, strict=True)
    ]
    text = results_markdown([*base, *shifted[:5]])
    part = text.split("## sticks, 4 seen and 2 unseen classes: settings")[1]
    cells = row(part, "prepare.canonicalise = false")
    assert cells[3] == "5"
    assert cells[6:] == ["5", "-10.0 ± 0.0 (-10.0 to -10.0)"]
    assert "prepare.canonicalise = false: -10.0 points, interval (-10.0 to -10.0), 5 pairs: a decrease." in part


def test_settings_are_compared_with_those_that_most_others_are_one_change_away_from() -> None:
    one: dict[str, Any] = {"encoder": {"preset": "a"}, "text": {"mode": "names"}, "prepare": {"canonicalise": True}}
    changed = [{"encoder": {"preset": "b"}}, {"text": {"mode": "prompts"}}]
    far = {"encoder": {"preset": "c"}, "text": {"mode": "descriptions"}}
    base, near, many = records(settings=one)[:5], [records(settings=one | c)[:5] for c in changed], one | far
    text = results_markdown([*base, *near[0], *near[1], *records(settings=many)])
    part = text.split("## sticks, 4 seen and 2 unseen classes: settings")[1]
    first = next(line for line in part.splitlines() if line.startswith("| what the others are compared with"))
    assert first.split(" | ")[3] == "5"
    assert row(part, 'encoder.preset = "c", text.mode = "descriptions"')[3] == "6"
    assert row(part, 'text.mode = "prompts"')[6].startswith("5")


def test_every_rule_that_settings_are_compared_under_has_a_row_of_what_they_are_compared_with() -> None:
    base = records(settings={"prepare": {"canonicalise": True}})
    again = [r.model_copy(update={"name": "another file"}) for r in base[:2]]
    other = records(settings={"prepare": {"canonicalise": False}}, selection="held_out_classes")
    third = records(settings={"prepare": {"canonicalise": None}})
    text = results_markdown([*base, *again, *other, *third])
    part = text.split("## sticks, 4 seen and 2 unseen classes: settings")[1]
    first = [line.split(" | ") for line in part.splitlines() if line.startswith("| what the others are compared with")]
    # Two files of one run are one value of the mean.
    assert [cells[2:4] for cells in first] == [["last epoch", "6"], ["best epoch on held-out classes", "6"]]
    assert first[1][4].startswith(shown(MAIN + 0.01))
    assert row(part, "prepare.canonicalise = false")[2] == "best epoch on held-out classes"
    assert row(part, "prepare.canonicalise = false")[7].startswith("+0.0")
    assert "| ZSL minus what it is compared with |" in part


def test_the_readme_has_one_row_for_all_splits() -> None:
    lines = readme_table(records()).splitlines()
    assert lines[0].split(" | ")[2:-1] == ["ridge regression", "best other method", "ours"]
    cells = lines[2].split(" | ")
    assert cells[3] == f"ridge regression {cells[2]}"
    assert cells[4].startswith("SA-DVAE (sadvae) ")
    assert len(lines) == 3
    assert lines[2].startswith("| sticks 4/2, 3 splits, 6 runs, last epoch | 50.0 | ")
    titled = [
        record.model_copy(update={"settings": record.settings | {"title": f"Sticks 4/2 ({record.split})"}})
        for record in records()
    ]
    assert readme_table(titled).splitlines()[2].startswith("| Sticks 4/2, 3 splits, 6 runs, last epoch | 50.0 | ")


def test_the_readme_has_columns_of_two_other_methods_and_names_the_best_of_all() -> None:
    more = [make_evaluation(name, None, zsl_accuracy=0.99) for name in ("eszsl", "cca", "devise")]
    with_more = [r.model_copy(update={"evaluations": [*r.evaluations, *more]}) for r in records()]
    head, _, cells = (line.split(" | ") for line in readme_table(with_more).splitlines())
    assert head[2:-1] == ["ESZSL", "ridge regression", "best other method", "ours"]
    assert cells[4] == "ESZSL 99.0 ± 0.0"


def test_the_readme_leaves_out_other_settings_on_the_same_splits_and_rules_of_few_runs() -> None:
    variant = records(settings={"encoder": {"preset": "kinematics"}})[:3]
    other_rule = [r.model_copy(update={"selection": "held_out_classes"}) for r in records()[:2]]
    assert readme_table([*variant, *records(), *other_rule]) == readme_table([*records(), *other_rule])
    lines = readme_table([*variant, *records()]).splitlines()
    assert len(lines) == 3
    assert "6 runs, last epoch" in lines[2]
    # The settings of the default stand for their splits even with fewer runs.
    usual = {name: {"preset": preset, "changes": {}} for name, preset in (("encoder", "default"), ("method", "taught"))}
    usual["text"] = {"encoder": "minilm", "mode": "descriptions+words"}
    default = records(settings=usual)[:-1]
    table = readme_table([*default, *records()]).splitlines()
    assert {r.split for r in default} == {r.split for r in records()}
    assert len(table) == 3
    assert "5 runs, last epoch" in table[2]
    # Fewer runs on a split that nobody else has are a row of their own.
    fourth = {"split": "fourth", "unseen": [1, 5], "data_hashes": {"clips": "other"}}
    apart = [r.model_copy(update=fourth) for r in variant[:2]]
    assert len(readme_table([*apart, *records()]).splitlines()) == 4


def test_every_table_is_a_file_in_three_forms(tmp_path: Path) -> None:
    count = write_tables(tmp_path, records())
    folder = tmp_path / "sticks-4-seen-and-2-unseen-classes"
    names = ("methods", "differences", "question-1", "selection-gap", "splits")
    assert count == len(names)
    assert {p.name for p in folder.iterdir()} == {f"{n}{end}" for n in names for end in (".md", ".csv", ".tex")}
    rows = list(csv.DictReader(io.StringIO((folder / "methods.csv").read_text())))
    main = next(r for r in rows if r["Method"] == "SA-DVAE (sadvae)")
    assert float(main["ZSL"]) == pytest.approx(100 * MAIN.mean(), abs=1e-4)
    assert float(main["ZSL error"]) == pytest.approx(100 * sem(MAIN.mean(axis=1)), abs=1e-4)
    assert float(main["ZSL low"]) <= float(main["ZSL"]) <= float(main["ZSL high"])
    assert rows[0]["S"] == ""


def test_signs_of_latex_and_markdown_are_escaped() -> None:
    table = Table("t", "Why 100 %?", "", ("A & B", "x_1"), (("50 % | $2^n$ \\ {a}", Number(None)),), 1)
    text = latex(table)
    assert r"A \& B & x\_1 \\" in text
    assert r"50 \% | \$2\textasciicircum{}n\$ \textbackslash{} \{a\} & -- \\" in text
    assert r"50 % \| $2^n$" in markdown(table)
    assert list(csv.reader(io.StringIO(csv_text(table))))[1] == ["50 % | $2^n$ \\ {a}", "", "", "", ""]


def test_several_sections_are_listed_first_and_every_link_leads_to_one() -> None:
    brought = {"dataset": "sticks", "more": [{"dataset": "stones"}]}
    other = records(settings={"data": brought, "prepare": {"canonicalise": False}})
    text = results_markdown([*records(), *other])
    headings = [re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()) for line in text.splitlines() if line[:2] == "##"]
    links = re.findall(r"\]\(#(.+?)\)", text)
    assert len(links) == 3
    assert set(links) <= {heading.replace(" ", "-") for heading in headings}
    assert text.index("## In short") < text.index("## Sections") < text.index("## sticks, 4 seen")
    assert "| sticks + stones, canonicalise = False |" in text
    assert "## In short" not in results_markdown(records())


def test_a_closed_form_has_one_row_whichever_rule_files_name_first() -> None:
    def named_first(record: RunRecord, rule: str) -> RunRecord:
        own = [e for e in record.evaluations if e.method == "ridge" or e.selection == rule]
        renamed = [e.model_copy(update={"selection": rule}) for e in own]
        return record.model_copy(update={"selection": rule, "evaluations": renamed})

    # Two of six runs name another rule: it does not lead, and the sixth value of ridge comes from one of them.
    others = [named_first(r, "held_out_classes") for r in records()[4:]]
    text = results_markdown([*records()[:5], *(r.model_copy(update={"name": "other"}) for r in others)])
    methods = text.split("### How good")[1].split("\n### ")[0]
    rows = [line.split(" | ") for line in methods.splitlines() if line.startswith("| ridge regression")]
    assert [(cells[1], cells[2]) for cells in rows] == [("last epoch", "6")]
    assert row(text, "SA-DVAE (sadvae)")[1] == "last epoch"
    assert "5 runs, last epoch (last\\_step); " in text
    assert {*CLOSED_FORMS} == {"taught", *BASELINES} - {"aligned_vae", *NEURAL}


def test_the_highest_is_among_methods_on_the_same_splits() -> None:
    better = make_evaluation("cca", None, zsl_accuracy=0.95)
    some = [r.model_copy(update={"evaluations": [*r.evaluations, better]}) for r in records()[:2]]
    text = results_markdown([*some, *records()[2:]])
    answer = text.split("Highest ZSL: ")[1].split("\n")[0]
    assert answer == f"SA-DVAE (sadvae), {100 * MAIN.mean():.1f} % (chance 50.0 %). On other splits, not compared: CCA."
    table = readme_table([*some, *records()[2:]])
    assert "CCA" not in table.splitlines()[2]
    every = [r.model_copy(update={"evaluations": [*r.evaluations, better]}) for r in records()]
    assert "Highest ZSL: CCA, 95.0 % (chance 50.0 %); SA-DVAE (sadvae): " in results_markdown(every)
