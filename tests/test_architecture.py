"""Imports only go down the floors of docs/architecture.md, and perception and zero-shot learning stay apart."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "sadvae"

# Floors from the ground up; a module may import from its own floor's own folder and from lower floors.
FLOORS = {
    "errors": 0,
    "faults": 0,
    "types": 0,
    "sensor_names": 0,
    "cores": 0,
    "threads": 0,
    "weights": 0,
    "equal_rows": 0,
    "packed": 0,
    "files": 1,
    "locks": 1,
    "folders": 1,
    "mat_file": 1,
    "task": 1,
    "lessons": 0,
    "protocol": 1,
    "record": 2,
    "encoder_record": 2,
    "splits": 2,
    "skeleton": 2,
    "text": 2,
    "features": 2,
    "sources": 2,
    "video": 3,
    "encoders": 3,
    "methods": 3,
    "evaluation": 4,
    "recognition": 4,
    "recognizer": 5,
    "portable": 5,
    "recordings": 6,
    "onnx_export": 6,
    "machine": 5,
    "settings": 5,
    "stages": 5,
    "joining": 5,
    "teaching": 5,
    "joined_clips": 5,
    "preparing": 5,
    "accuracy_job": 6,
    "accuracy": 6,
    "imported": 5,
    "comparing": 5,
    "keys": 5,
    "experiment": 6,
    "classifier": 6,
    "bench": 7,
    "search": 7,
    "report": 7,
    "serving": 7,
    "cli": 8,
    "__main__": 9,
}
SAME_FLOOR = {
    ("task", "types"),
    ("task", "lessons"),
    ("lessons", "types"),
    ("lessons", "errors"),
    ("stages", "settings"),
    ("preparing", "stages"),
    ("preparing", "settings"),
    ("preparing", "joined_clips"),
    ("joining", "settings"),
    ("joined_clips", "joining"),
    ("joined_clips", "settings"),
    ("joined_clips", "stages"),
    ("stages", "joining"),
    ("imported", "stages"),
    ("imported", "settings"),
    ("comparing", "stages"),
    ("comparing", "settings"),
    ("keys", "comparing"),
    ("keys", "settings"),
    ("types", "errors"),
    ("sensor_names", "errors"),
    ("packed", "errors"),
    ("protocol", "task"),
    ("protocol", "files"),
    ("task", "files"),
    ("stages", "machine"),
    ("accuracy", "accuracy_job"),
    ("serving", "report"),
    ("accuracy", "experiment"),
    ("search", "bench"),
    ("features", "splits"),
}
APART = [
    ({"skeleton", "video", "encoders"}, {"methods", "evaluation", "text"}),
    ({"text"}, {"methods", "evaluation", "skeleton", "video", "encoders"}),
]


def unit(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            names = [f"{node.module}.{a.name}" for a in node.names] if node.module == "sadvae" else [node.module or ""]
        found |= {name.split(".")[1] for name in names if name.startswith("sadvae.")}
    return found - {"__version__"}


def edges() -> list[tuple[str, str, Path]]:
    files = [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]
    return [(unit(path), target, path) for path in files for target in imports(path)]


def test_every_module_has_a_floor() -> None:
    units = {unit(path) for path in SOURCE.rglob("*.py")} - {"__init__"}
    assert units == set(FLOORS)


def test_imports_only_go_down() -> None:
    up = [
        f"{path.relative_to(SOURCE)} imports {target}"
        for own, target, path in edges()
        if own != target and FLOORS[target] >= FLOORS[own] and (own, target) not in SAME_FLOOR
    ]
    assert up == []


def test_perception_and_zero_shot_learning_never_import_each_other() -> None:
    sideways = [
        f"{path.relative_to(SOURCE)} imports {target}"
        for own, target, path in edges()
        for left, right in APART
        if (own in left and target in right) or (own in right and target in left)
    ]
    assert sideways == []


def test_only_the_command_line_prints() -> None:
    printing = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if unit(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_files_and_functions_stay_small() -> None:
    long_files = [str(p) for p in SOURCE.rglob("*.py") if p.read_text(encoding="utf-8").count("\n") > 400]
    long_functions = [
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}"
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long_files + long_functions == []
