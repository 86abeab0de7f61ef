"""Figures show the numbers that they are given, embed their fonts, stay in one column, and repeat to the byte."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from sadvae.errors import SadvaeError
from sadvae.evaluation.statistics import Estimate
from sadvae.record import Evaluation, ProbeResult, RunRecord
from sadvae.report.figures.class_bars import class_bars
from sadvae.report.figures.confusion_matrix import confusion_matrix
from sadvae.report.figures.confusions import Confusion, confusions_of
from sadvae.report.figures.gather import UnseenClass, class_means, curves_of, probes_of, shown_methods, training_of
from sadvae.report.figures.latent_maps import Marks, latent_maps
from sadvae.report.figures.probe_bars import probe_bars
from sadvae.report.figures.seen_unseen import MethodCurve, mean_curve, seen_unseen
from sadvae.report.figures.style import COLUMN, TALLEST, checked_formats, colour, hatch, save, wrapped
from sadvae.report.figures.training_curves import training_curves
from sadvae.report.figures.traversal_rows import Cell, Row, traversal_rows
from sadvae.report.figures.write import record_figures, write_figures
from sadvae.report.results_groups import grouped
from sadvae.report.scores import Scores
from tests.report_samples import BONES, NAMES, TERMS, make_evaluation, make_record

EVIL = [r"$\frac{$", "<b>", "a very long name of an action that goes on and on", "b", r"$x$", "ü"]


def probe(what: str, source: str, accuracy: float) -> ProbeResult:
    return ProbeResult(what=what, read_from=source, accuracy=accuracy, chance=0.25, bits=1.0, count=40, folds="subject")


def records() -> list[RunRecord]:
    return [
        make_record(seed=seed, probes=[probe("class", "z_r", 0.8 + seed / 10), probe("subject", "z_v", 0.4)])
        for seed in range(2)
    ]


def scores(found: list[RunRecord]) -> Scores:
    (group,) = grouped(found)
    return Scores(group)


def mean(value: float, error: float | None, count: int) -> Estimate:
    return Estimate(value, error, None, None, 1, count)


def plain(*names: str) -> list[UnseenClass]:
    return [UnseenClass(name, 1) for name in names]


def of_split(name: str, unseen: list[int], seed: int, accuracy: float | None, methods: int = 2) -> RunRecord:
    """A run in which every unseen class has the same accuracy; the second method is 10 points worse."""

    def result(lower: float, method: str, preset: str | None) -> Evaluation:
        found = make_evaluation(method, preset, confusion_ids=unseen, zsl_accuracy=lower)
        shown = None if accuracy is None else accuracy - lower
        classes = [
            c.model_copy(update={"seen": c.id not in unseen, "zsl_accuracy": shown if c.id in unseen else None})
            for c in found.classes
        ]
        return found.model_copy(update={"classes": classes})

    every = [result(0.0, "sa_dvae", "sadvae"), result(0.1, "ridge", None)]
    return make_record(
        name=f"trial-{name}",
        split=name,
        seed=seed,
        unseen=unseen,
        seen=[i for i in range(6) if i not in unseen],
        evaluations=every[:methods],
    )


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def test_every_figure_of_records_is_drawn(tmp_path: Path) -> None:
    for record in records():
        record.write(tmp_path / "runs" / f"seed-{record.seed}" / "record.json")
    written = write_figures(tmp_path / "runs", tmp_path / "out", ("png", "pdf", "svg"))
    names = ["class_accuracy", "confusion", "seen_unseen", "training", "probes"]
    folder = tmp_path / "out" / "trial-four-two"
    assert written == [folder / f"{name}.{kind}" for name in names for kind in ("png", "pdf", "svg")]
    heads = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    assert all(path.read_bytes().startswith(heads[path.suffix[1:]]) for path in written)
    again = write_figures(tmp_path / "runs", tmp_path / "again", ("png", "pdf", "svg"))
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]


def test_fonts_are_embedded_whole(tmp_path: Path) -> None:
    (path,) = save(class_bars(plain("walk"), {"ours": [mean(0.5, None, 1)]}, 0.25), tmp_path / "figure", ("pdf",))
    found = path.read_bytes()
    assert b"/FontFile2" in found
    assert b"/Type3" not in found


def test_figures_fit_a_column_and_change_no_settings() -> None:
    before = {name: value for name, value in matplotlib.rcParams.items() if name != "backend"}
    for _, figure in record_figures(scores(records())):
        width, height = figure.get_size_inches()
        assert width == COLUMN
        assert height <= TALLEST
        assert min(text.get_fontsize() for text in figure.findobj(Text) if isinstance(text, Text)) >= 4  # type: ignore[attr-defined]
    assert {name: value for name, value in matplotlib.rcParams.items() if name != "backend"} == before


def test_class_bars_show_means_and_errors() -> None:
    methods = {"ours": [mean(0.9, 0.05, 3), mean(0, None, 1)], "theirs": [mean(0.5, 0.1, 3), None]}
    figure = class_bars(plain("wave", "kick"), methods, 0.2)
    axes = figure.axes[0]
    widths = [[patch.get_width() for patch in c] for c in axes.containers if isinstance(c, BarContainer)]
    # Nothing is drawn for what has no value, and 0 % says so.
    assert widths == [[90.0, 0.0], [50.0]]
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["0"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["wave", "kick"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["ours", "theirs", "chance"]


def test_confusion_writes_shares_of_rows() -> None:
    figure = confusion_matrix(Confusion("ours", "one", ["a", "b"], np.array([[9, 3], [0, 0]]), 1))
    assert {"75", "25"} <= set(texts(figure))
    assert np.asarray(figure.axes[0].images[0].get_array()).tolist() == [[75, 25], [0, 0]]
    assert (
        len(confusion_matrix(Confusion("ours", "one", [str(i) for i in range(30)], np.eye(30, dtype=int), 1)).axes) == 2
    )


def test_training_curves_are_means_with_a_band() -> None:
    figure = training_curves({"KL": np.array([[1.0, 3.0], [3.0, 5.0]])}, [2, 2])
    line, picked = figure.axes[0].lines
    assert np.asarray(line.get_ydata()).tolist() == [2.0, 4.0]
    assert np.asarray(picked.get_xdata()).tolist() == [2, 2]


def test_the_mean_curve_takes_the_best_threshold_for_each_s() -> None:
    steps = [(0.0, 0.8), (0.5, 0.6), (1.0, 0.0)]
    found = mean_curve([[steps, [(0.0, 0.4), (1.0, 0.4)]]])
    assert found[0] == pytest.approx((0.8 + 0.4) / 2)
    assert found[100] == pytest.approx((0.6 + 0.4) / 2)
    assert found[400] == pytest.approx((0.0 + 0.4) / 2)
    assert np.isnan(mean_curve([[[(0.0, 0.5), (0.5, 0.1)]]])[201:]).all()


def test_gates_are_marked() -> None:
    figure = seen_unseen([MethodCurve("ours", [[[(0.0, 1.0), (1.0, 0.0)]]], mean(0.6, 0.1, 2), mean(0.3, None, 2))])
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [(np.asarray(m.get_xdata()).tolist(), np.asarray(m.get_ydata()).tolist()) for m in marks] == [([60], [30])]


def test_probes_state_chance() -> None:
    figure = probe_bars(probes_of(scores(records())))
    assert {"reading the action\nchance 25.0 %", "reading the person\nchance 25.0 %", "85", "40"} <= set(texts(figure))


def test_latent_maps_show_every_point_and_name() -> None:
    points = np.random.default_rng(0).normal(size=(12, 2))
    ways = [Marks("action", [None] * 6 + ["wave"] * 6), Marks("person", [f"person {i}" for i in range(12)])]
    figure = latent_maps({"z_r": points, "z_v": points}, ways)
    found = texts(figure)
    assert {"z_r, by action", "z_v, by person", "wave", "seen classes"} <= set(found)
    assert [t for t in found if t.startswith("person")] == [f"person {i}" for i in range(12)]
    shown = [sum(len(np.asarray(c.get_offsets())) for c in axes.collections) for axes in figure.axes]
    assert shown.count(12) == 4


def test_traversals_frame_other_actions() -> None:
    pose = np.random.default_rng(0).normal(size=(5, 2))
    cells = [Cell(-1, "kick the ball", False, "3", pose, 0.5), Cell(0, "wave", True, None, None, 0)]
    figure = traversal_rows([Row("z_r kept", cells)], BONES)
    assert {"\u22121 SD", "start", "kick the ball\n\nperson 3\nchange 50 %", "z_r kept"} <= set(texts(figure))
    frames = [axes.spines["left"].get_linestyle() for axes in figure.findobj(matplotlib.axes.Axes)]  # type: ignore[attr-defined]
    assert frames == ["--", "-"]


def test_names_are_text_and_not_formulas(tmp_path: Path) -> None:
    record = make_record(class_names=EVIL, evaluations=[make_evaluation(names=EVIL)])
    for name, figure in record_figures(scores([record])):
        save(figure, tmp_path / name, ("svg",))
    assert wrapped(EVIL[2], 16) == "a very long name\nof an action th…"


def test_numbers_are_means_over_seeds() -> None:
    low, high = make_record(seed=0), make_record(seed=1)
    better = [c.model_copy(update={"zsl_accuracy": 0.95}) if c.id == 4 else c for c in high.evaluations[0].classes]
    main = high.evaluations[0].model_copy(update={"classes": better})
    high = high.model_copy(update={"evaluations": [main, *high.evaluations[1:]]})
    both = scores([low, high])
    names, means = class_means(shown_methods(both))
    assert names == [UnseenClass(NAMES[4], 1), UnseenClass(NAMES[3], 1)]
    first = means["SA-DVAE (sadvae)"][0]
    assert first is not None
    assert (first.value, first.error, first.count) == (pytest.approx(0.85), pytest.approx(0.1), 2)
    assert list(means) == ["SA-DVAE (sadvae)", "ridge regression", "ESZSL"]
    (confusion,) = confusions_of(both)
    assert (confusion.counts.tolist(), confusion.runs) == ([[18, 6], [4, 12]], 2)
    terms, picked = training_of(both)
    assert [values.shape for values in terms.values()] == [(2, 3)] * (len(TERMS) + 1)
    assert picked == [3, 3]


def test_a_class_has_the_mean_of_the_splits_in_which_it_is_unseen() -> None:
    runs = [of_split("one", [3, 4], 0, 0.8), of_split("one", [3, 4], 1, 0.6), of_split("two", [2, 4], 0, 0.3, 1)]
    several = scores(runs)
    classes, means = class_means(shown_methods(several))
    # "jump high" is unseen in both splits, which weigh the same; ridge did not run on the second.
    assert [(c.name, c.splits) for c in classes] == [("kick", 1), ("jump high", 2), ("wave", 1)]
    main, ridge = means["SA-DVAE (sadvae)"], means["ridge regression"]
    assert [m and (round(m.value, 4), m.splits, m.count) for m in main] == [(0.7, 1, 2), (0.5, 2, 3), (0.3, 1, 1)]
    assert [m and (round(m.value, 4), m.splits, m.count) for m in ridge] == [(0.6, 1, 2), (0.6, 1, 2), None]
    figure = next(f for name, f in record_figures(several) if name == "class_accuracy")
    assert {"kick (1)", "jump high (2)", "wave (1)"} <= set(texts(figure))
    bars = [len(c.patches) for c in figure.axes[0].containers if isinstance(c, BarContainer)]
    assert bars == [3, 2]


def test_confusions_are_of_one_split_each_and_say_which(tmp_path: Path) -> None:
    runs = [of_split("one", [3, 4], 0, 0.8), of_split("one", [3, 4], 1, 0.8), of_split("two", [2, 4], 0, 0.8)]
    found = confusions_of(scores(runs))
    assert [(c.split, c.names, c.runs, int(c.counts.sum())) for c in found] == [
        ("one", ["kick", "jump high"], 2, 40),
        ("two", ["wave", "jump high"], 1, 20),
    ]
    for number, run in enumerate(runs):
        run.write(tmp_path / "runs" / str(number) / "record.json")
    written = write_figures(tmp_path / "runs", tmp_path / "out", ("png",))
    assert [path.name for path in written if "confusion" in path.name] == ["confusion-one.png", "confusion-two.png"]
    assert written[0].parent.name == "sticks-4-seen-and-2-unseen-classes"
    figures = dict(record_figures(scores(runs)))
    assert figures["confusion-two"].get_suptitle().startswith("split two, 1 run\n")
    # Two splits of one name have a file each, with a hash of their classes.
    same = scores([runs[0], runs[2].model_copy(update={"split": "one"})])
    assert [n for n, _ in record_figures(same) if "confusion" in n] == ["confusion-one-ae99", "confusion-one-91e7"]


def test_confusions_of_other_classes_have_no_sum() -> None:
    runs = [of_split("one", [3, 4], 0, 0.8), of_split("one", [3, 4], 1, 0.8)]
    turned = [e.model_copy(update={"confusion_ids": [4, 3]}) for e in runs[1].evaluations]
    with pytest.raises(SadvaeError, match="runs of split one list the classes of their confusions differently"):
        confusions_of(scores([runs[0], runs[1].model_copy(update={"evaluations": turned})]))


def test_an_evaluation_of_two_files_is_one_and_keeps_the_classes_that_one_of_them_has() -> None:
    run = of_split("one", [3, 4], 0, 0.8)
    bare = {"classes": [], "curve": [], "confusion": [], "confusion_ids": []}
    other = run.model_copy(
        update={"name": "another", "evaluations": [e.model_copy(update=bare) for e in run.evaluations]}
    )
    for found in ([run, other], [other, run]):
        both = scores(found)
        assert [(c.runs, c.counts.tolist()) for c in confusions_of(both)] == [(1, [[9, 3], [2, 6]])]
        assert [[len(seeds) for seeds in curve.curves] for curve in curves_of(shown_methods(both))] == [[1], [1]]
        assert [values.shape for values in training_of(both)[0].values()] == [(1, 3)] * (len(TERMS) + 1)


def test_oracles_are_left_out_or_named() -> None:
    usual, oracle = make_evaluation(), make_evaluation(selection="oracle_test")
    assert list(shown_methods(scores([make_record(evaluations=[usual, oracle])]))) == ["SA-DVAE (sadvae)"]
    assert list(shown_methods(scores([make_record(evaluations=[oracle])]))) == [
        "SA-DVAE (sadvae), oracle, not a result"
    ]


@pytest.mark.parametrize("text", ["jpg", "", "pdf,gif"])
def test_unknown_formats_are_refused(text: str) -> None:
    with pytest.raises(SadvaeError, match="expected some of pdf, svg, png"):
        checked_formats(text)
    assert checked_formats("PDF, svg,pdf") == ("pdf", "svg")


def test_marks_of_many_methods_differ() -> None:
    assert len({(colour(i), hatch(i)) for i in range(64)}) == 64


def test_many_methods_stay_on_a_page() -> None:
    methods = {f"method {i}": [mean(0.5, 0.1, 3)] * 20 for i in range(11)}
    figure = class_bars(plain(*(f"class {i}" for i in range(20))), methods, 0.05)
    assert figure.get_size_inches()[1] <= TALLEST
    assert len(re.findall("method", " ".join(texts(figure)))) == 11
