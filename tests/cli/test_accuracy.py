"""`sadvae accuracy` through the command line: records, a table, and nothing trained twice."""

from __future__ import annotations

from pathlib import Path

from sadvae.encoder_record import read_encoder_record
from tests.cli.conftest import CommandLine

FILE = """
name = "small"
encoders = [
  {{ preset = "demo", name = "one", changes = {{ widths = [8], strides = [2], frames = 8, epochs = {epochs} }} }},
  {{ preset = "demo", name = "two", changes = {{ widths = [4], strides = [2], frames = 8, epochs = 1 }} }},
]
[data]
dataset = "generated"
generated = {{ actions = ["raise both arms", "wave both hands", "raise the left arm"], subjects = 4, repetitions = 2 }}
"""


def test_records_are_written_once_and_a_change_trains_again(sadvae: CommandLine, tmp_path: Path) -> None:
    file, out = tmp_path / "small.toml", tmp_path / "out"
    file.write_text(FILE.format(epochs=1))
    words = ("accuracy", file, "--out", out, "--seeds", 1, "--workers", 2)
    found = sadvae(*words)
    assert found.code == 0, found.err
    assert "1-nearest neighbour" in found.out
    one, two = out / "one" / "seed-0.json", out / "two" / "seed-0.json"
    before = one.read_bytes(), two.read_bytes()
    assert sadvae(*words).out == found.out
    assert (one.read_bytes(), two.read_bytes()) == before
    file.write_text(FILE.format(epochs=2))
    assert sadvae(*words).code == 0
    assert len(read_encoder_record(one).history) == 2
    assert two.read_bytes() == before[1]
    file.write_text(FILE.format(epochs=2).replace('name = "small"', 'name = "other"', 1))
    assert "would replace; give another folder with --out" in sadvae(*words).err
    shown = sadvae("report", out, "--out", tmp_path / "R.md")
    assert shown.code == 0, shown.err
    assert "Skeleton encoders, all classes" in (tmp_path / "R.md").read_text()


def test_validation_has_a_folder_of_its_own_and_bad_words_are_one_sentence(sadvae: CommandLine, tmp_path: Path) -> None:
    file, out = tmp_path / "small.toml", tmp_path / "out"
    file.write_text(FILE.format(epochs=1))
    words = ("accuracy", file, "--out", out, "--seed", 3, "--encoder", "two")
    found = sadvae(*words, "--validate", "--workers", 1)
    assert found.code == 0, found.err
    assert "validation subjects 3" in found.out
    record = read_encoder_record(out / "validation" / "two" / "seed-3.json")
    assert (record.part, record.train_subjects, record.test_subjects) == ("validation", ["1"], ["3"])
    assert not (out / "two").exists()
    wrong = sadvae("accuracy", file, "--out", out, "--encoder", "three")
    assert (wrong.code, wrong.out) == (2, "")
    assert "no encoder 'three' in small; it has one, two." in wrong.err
    file.write_text(FILE.format(epochs=1).replace('preset = "demo", name = "two"', 'preset = "none", name = "two"'))
    nowhere = tmp_path / "nowhere"
    assert "unknown encoder preset 'none'" in sadvae("accuracy", file, "--out", nowhere).err
    file.write_text(FILE.format(epochs=1).replace("widths = [4]", "heatmaps = { pixels = 2 }"))
    refused = sadvae("accuracy", file, "--out", nowhere)
    assert (refused.code, refused.out) == (2, "")
    assert "heatmaps.pixels: Input should be greater than or equal to 4" in refused.err
    # Both are found before any work.
    assert not nowhere.exists()
