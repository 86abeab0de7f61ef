"""Names, titles and paths of users are printed as they are, whatever brackets they have."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from sadvae.cli import demo, run
from sadvae.cli.show import Bars, NotedBars, Progresses, scores_table
from sadvae.record import Evaluation, JoinedRecord
from tests.cli.conftest import EXPERIMENT, CommandLine

RUN = Path("runs/[old] x [/a]/seed-0")
EVALUATION = Evaluation(
    entry="no z_v [/style]",
    method="sa_dvae",
    preset="sadvae",
    selection="last_step",
    epoch=0,
    zsl_accuracy=0.5,
    zsl_class_mean=0.5,
    chance=0.2,
    calibration_error=0.1,
    classes=[],
    confusion_ids=[],
    confusion=[],
)


def test_a_table_of_scores_shows_names_with_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [EVALUATION, EVALUATION.model_copy(update={"entry": "", "method": "[bold]", "selection": "[red]"})]
    Console(width=200).print(scores_table(entries, "[old] clips [/a] (%)"))
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("[old] clips [/a] (%)", "no z_v [/style]", "[bold] (sadvae)", "[red] (1)"))


@pytest.mark.parametrize("kind", [Progresses, NotedBars])
def test_progress_lines_show_names_with_brackets(
    kind: type[Bars], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "200"), ("NO_COLOR", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    with kind() as bars:
        bars._bars.add_task("clip[/a]", total=1, note="[old] x")
    shown = capsys.readouterr().err
    assert "clip[/a]" in shown
    assert "[old] x" in shown


def finished() -> SimpleNamespace:
    """What the verbs read of a finished run."""
    joined = JoinedRecord(merged=[["wave [/a]", "[b] wave"]], added=[], left_out=[], left_out_of_calibration=[])
    record = SimpleNamespace(split="[s]", evaluations=[EVALUATION], joined=joined, unseen=[0])
    return SimpleNamespace(folder=RUN, clips=True, record=record)


def test_a_run_prints_its_path_and_its_classes_as_they_are(
    sadvae: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "run_experiment", lambda *_: finished())
    monkeypatch.setattr(run, "write_run_report", lambda _: None)
    monkeypatch.setattr(run, "zero_shot_proportion", lambda _: None)
    (tmp_path / "tiny.toml").write_text(EXPERIMENT.replace("Tiny run", "[Tiny] run [/a]"))
    outcome = sadvae("run", tmp_path / "tiny.toml", "--out", tmp_path / "out")
    assert outcome.code == 0
    for said in ("[Tiny] run [/a], split [s]", "One class: wave [/a] = [b] wave", f"Report: {RUN / 'report.html'}"):
        assert said in outcome.out
    assert "There is one unseen class" in outcome.out


def test_the_demo_prints_its_paths_as_they_are(
    sadvae: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "run_seeds", lambda *_: [finished()])
    monkeypatch.setattr(demo, "_write_example", lambda *_: None)
    outcome = sadvae("demo", "--out", tmp_path / "[out] [/a]")
    assert outcome.code == 0
    example = tmp_path / "[out] [/a]" / "clip.npz"
    for said in (f"Recogniser: {RUN / 'recognizer'} ", f"{RUN / 'recognizer'} {example} --classes", f"Report: {RUN}"):
        assert said in outcome.out
