"""A folder of the wrong kind is refused with the one that was meant, or with how to make one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sadvae.encoders.levels import load_encoders
from sadvae.errors import SadvaeError
from sadvae.features.folder import read_features
from sadvae.features.published import find_layouts
from sadvae.folders import check_kind, first_below
from sadvae.methods.store import read_trained
from sadvae.recognition.folder import FORMAT, read_parts


def is_box(folder: Path) -> bool:
    return (folder / "box.txt").is_file()


def write(path: Path, text: str = "{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_nearest_folder_of_the_kind_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "box.txt")
    write(tmp_path / "z" / "box.txt")
    write(tmp_path / ".hidden" / "box.txt")
    check_kind(tmp_path / "z", is_box, "a box", "make one")
    assert first_below(tmp_path, is_box) == tmp_path / "z"
    with pytest.raises(SadvaeError, match=rf"a is not a box; name {tmp_path}/a/b, which is one\."):
        check_kind(tmp_path / "a", is_box, "a box", "make one")


@pytest.mark.parametrize(
    ("name", "said"),
    [("empty", "empty is not a box; make one"), ("nope", "does not exist"), ("file", r"\(it is a file\)")],
)
def test_what_cannot_be_one_is_said(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "file")
    with pytest.raises(SadvaeError, match=said):
        check_kind(tmp_path / name, is_box, "a box", "make one")


READERS = [
    (read_features, "task.json", "{}", "a features folder"),
    (read_trained, "training.json", "{}", "a folder of a trained method"),
    (load_encoders, "division.json", "{}", "a folder of skeleton encoders"),
    (read_parts, "config.json", f'{{"format": "{FORMAT}"}}', "a recogniser folder"),
    (find_layouts, "sk_feats/x.txt", "", "a published resources folder"),
]


@pytest.mark.parametrize(("read", "mark", "text", "kind"), READERS)
def test_every_reader_says_what_it_takes(read, mark: str, text: str, kind: str, tmp_path: Path) -> None:
    write(tmp_path / "run" / "seed-0" / "it" / mark, text)
    write(tmp_path / "file.npz")
    (tmp_path / "empty").mkdir()
    for name, said in (
        ("run", f"is not {kind}; name {tmp_path}/run/seed-0/it, which is one"),
        ("file.npz", f"is not {kind} \\(it is a file\\)"),
        ("nope", f"is not {kind} \\(it does not exist\\)"),
        ("empty", f"empty is not {kind}; "),
    ):
        with pytest.raises(SadvaeError, match=said):
            read(tmp_path / name)


def test_published_features_are_to_be_imported_first(tmp_path: Path) -> None:
    (tmp_path / "sk_feats").mkdir()
    with pytest.raises(SadvaeError, match="holds published features, so `sadvae import` it first"):
        read_features(tmp_path)
