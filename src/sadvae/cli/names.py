"""Class names as users give them: typed, in a file, or as the name of a data set."""

from __future__ import annotations

from pathlib import Path

from sadvae.cli.show import split_names
from sadvae.errors import SadvaeError, located
from sadvae.files import read_bytes
from sadvae.recognition.asked import checked_names
from sadvae.text.class_lists import class_texts, dataset_names
from sadvae.text.describe import read_descriptions

# Whoever types one of these alone means a file, whether it is there or not.
ENDINGS = (".txt", ".csv", ".json")


def names_of(text: str) -> list[str]:
    """Class names that were typed, or those of a data set or of a file that was named alone.

    Raises SadvaeError for no names, for one that is given twice, and for a file that is missing or holds no names.
    """
    dataset, file = dataset_of(text), file_of(text)
    if dataset is not None:
        return list(class_texts(dataset).names)
    return list(checked_names(split_names(text) if file is None else names_in(file)))


def dataset_of(text: str) -> str | None:
    """The built-in class list that a text names, in any case and with either dash; None where it names none."""
    name = text.strip().casefold().replace("-", "_")
    return name if name in dataset_names() else None


def file_of(text: str) -> Path | None:
    """The file that a text names: one that is there, or would be by its ending; None where it is a list of names."""
    path = Path(text.strip())
    try:
        there = path.is_file()
    except OSError:
        # A list of names may be longer than the name of a file can be.
        there = False
    return path if there or ("," not in text and path.suffix.lower() in ENDINGS) else None


def names_in(path: Path) -> list[str]:
    """The names in a file: of a JSON list or of descriptions, or else written as names are typed, so one a line.

    Raises SadvaeError that names the file.
    """
    if path.suffix.lower() == ".json":
        return list(read_descriptions(path).names)
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SadvaeError(f"{path} is not UTF-8 text; expected a class name a line.") from error
    with located(path):
        found = split_names(text)
    if not found:
        raise SadvaeError(f"{path} holds no class name; write one a line.")
    return found
