"""What a JSON or .npz file of this program holds, told by its content, since people name files as they like."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import typer
from pydantic import ValidationError

from sadvae.cli.show import joined_lines, percent
from sadvae.encoder_record import read_encoder_record
from sadvae.errors import SadvaeError
from sadvae.faults import first_fault
from sadvae.features.folder import read_feature_set
from sadvae.files import array_names, read_bytes, read_json
from sadvae.record import Evaluation, RunRecord, read_record
from sadvae.skeleton.find import find_files
from sadvae.skeleton.layouts import load_layout
from sadvae.skeleton.msr_action3d import MSR_ACTION3D
from sadvae.splits.reader import split_entries
from sadvae.teaching import read_material
from sadvae.text.describe import read_descriptions
from sadvae.text.embed import read_class_embeddings

KNOWN = (
    "skeleton files (docs/data.md; arrays of your own: docs/clips.md; videos go through `sadvae poses` first), clips "
    "files, embeddings, feature sets and composed movements (.npz), experiment files (.toml), and as .json run "
    "records, manifests, class lists, descriptions, splits, layouts, evaluations, answers and timelines"
)
# Files that say what is in the folder around them.
INSIDE = ("task.json", "division.json", "training.json", "config.json")


def refuse_file(path: Path) -> NoReturn:
    """Say that a file is none of those that this program reads or writes. Raises SadvaeError."""
    raise SadvaeError(f"{path} is not a file that sadvae knows; it knows {KNOWN}.")


def check_skeletons(path: Path) -> None:
    """Refuse a file that holds no skeletons by its name and its beginning. Raises SadvaeError."""
    try:
        form, _ = find_files(path)
    except SadvaeError:
        refuse_file(path)
    arrays = array_names(path)
    if form is None and arrays and "data" not in arrays:
        refuse_file(path)
    if form is MSR_ACTION3D and not MSR_ACTION3D.names_action(path) and not _is_numbers(path):
        refuse_file(path)


def _is_numbers(path: Path) -> bool:
    """Whether the first line of a text file is numbers."""
    words = (read_bytes(path).split(b"\n", 1)[0]).split()
    try:
        return bool(words) and all(isinstance(float(word), float) for word in words)
    except ValueError:
        return False


def describe_arrays(path: Path) -> bool:
    """Say what an .npz file of embeddings, features or composed movements holds; False where it is none of these."""
    arrays = set(array_names(path))
    if {"ids", "vectors"} & arrays:
        found = read_class_embeddings(path)
        typer.echo(f"class embeddings: {len(found.ids)} classes, {found.vectors.shape[1]} dimensions, {found.encoder}")
    elif {"features", "clip_ids"} <= arrays:
        part = read_feature_set(path)
        typer.echo(f"features of {len(part.labels)} clips of {part.features.shape[1]} dimensions, part of a folder")
    elif {"features", "movements", "words"} <= arrays:
        material = read_material(path)
        typer.echo(f"{len(material.parts)} composed movements, {len(material.features)} clips as numbers of movement")
    else:
        return False
    return True


def describe_json(path: Path) -> None:
    """Say what a .json file holds. Raises SadvaeError where it is damaged, or none that is known."""
    value = read_json(path)
    if path.name in INSIDE:
        raise SadvaeError(f"{path} is a part of the folder {path.parent}; check the folder.")
    if isinstance(value, list):
        _describe_list(path, value)
    elif isinstance(value, dict):
        _describe_object(path, value)
    else:
        refuse_file(path)


def _describe_list(path: Path, value: list[Any]) -> None:
    first = value[0] if value and isinstance(value[0], dict) else {}
    if {"clip", "segments"} <= set(first):
        segments = sum(len(one["segments"]) for one in value)
        typer.echo(f"timelines of {len(value)} recordings, {segments} segments; names: {', '.join(first['names'])}")
    elif {"clip", "answers"} <= set(first):
        typer.echo(f"answers of a recogniser on {len(value)} clips")
    else:
        _describe_texts(path, "class list")


def _describe_texts(path: Path, what: str) -> None:
    texts = read_descriptions(path)
    described = sum(map(bool, texts.descriptions))
    typer.echo(f"{what}: {len(texts.names)} classes, {described} of them with descriptions")


def _describe_object(path: Path, value: dict[str, Any]) -> None:
    if {"evaluations", "split"} & set(value):
        _describe_record(path)
    elif {"encoder", "scores"} <= set(value):
        found = read_encoder_record(path)
        typer.echo(f"record of encoder {found.encoder}: {found.dataset}, {found.part}, seed {found.seed}")
    elif "zsl_accuracy" in value:
        _describe_evaluation(path, value)
    elif "joints" in value:
        layout = load_layout(path)
        typer.echo(f"layout {layout.name}: {len(layout.joints)} joints, {len(layout.bones)} bones")
    elif "unseen" in value:
        for part, classes in split_entries(path).items():
            typer.echo(f"split, {part.replace('_', ' ')} classes: {', '.join(map(str, classes))}")
    elif "classes" in value or (value and all(isinstance(one, list) for one in value.values())):
        _describe_texts(path, "descriptions")
    else:
        refuse_file(path)


def _describe_record(path: Path) -> None:
    record = read_record(path)
    typer.echo(record_line(record))
    for line in joined_lines(record.joined):
        typer.echo(line)


def record_line(record: RunRecord) -> str:
    """What a run record is of, in one line."""
    return f"run record {record.name}: {record.dataset}, split {record.split}, seed {record.seed}"


def _describe_evaluation(path: Path, value: dict[str, Any]) -> None:
    try:
        found = Evaluation.model_validate(value)
    except ValidationError as error:
        raise SadvaeError(f"{path} is not an evaluation: {first_fault(error, Evaluation)}.") from error
    scores = {"ZSL": found.zsl_accuracy, "H": found.harmonic_mean}
    said = ", ".join(f"{name} {percent(score)} %" for name, score in scores.items() if score is not None)
    typer.echo(f"evaluation of {found.method}, rule {found.selection}: {said}")
