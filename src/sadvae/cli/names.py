"""Class names as users give them: typed, in a file, or as the name of a data set."""

from __future__ import annotations

import re
from pathlib import Path

from sadvae.cli.show import split_names
from sadvae.errors import SadvaeError, located
from sadvae.files import read_bytes
from sadvae.recognition.asked import checked_names
from sadvae.text.class_lists import class_texts, dataset_names
from sadvae.text.describe import read_descriptions

# Whoever types one of these alone means a file, whether it is there or not.
ENDINGS = (".txt", ".csv", ".json")
# One word that ends as files do. In double quotes it is a class name.
_PATH = re.compile(r"[^\s,\"]+\.[A-Za-z]{2,5}")


def names_of(text: str) -> list[str]:
    """Class names that were typed, or those of a data set or of a file that was named alone.

    Raises SadvaeError for no names, for one that is given twice, and for a file that is missing or holds no names.
    """
    dataset, file = dataset_of(text), file_of(text)
    if dataset is not None:
        return list(class_texts(dataset).names)
    if file is not None:
        return list(checked_names(names_in(file)))
    names = checked_names(split_names(text))
    among = next((name for name in names if dataset_of(name) is not None), None)
    if among is not None:
        raise SadvaeError(f"{among!r} is a data set, which is named alone; leave it out, or write the class otherwise.")
    return list(names)


def dataset_of(text: str) -> str | None:
    """The built-in class list that a text names, in any case, with any dashes or none; None where it names none."""
    known = {_letters(name): name for name in dataset_names()}
    return known.get(_letters(text))


def _letters(text: str) -> str:
    return re.sub(r"[-_\s]", "", text.casefold())


def file_of(text: str) -> Path | None:
    """The file that a text names: one that is there, or would be by its ending; None where it is a list of names.

    Raises SadvaeError for a folder, and for what has the ending of another file that is not there.
    """
    path = Path(text.strip())
    try:
        # A class may be called as a folder here is, but not as a path.
        there, folder = path.is_file(), "/" in text and path.is_dir()
    except OSError:
        # A list of names may be longer than the name of a file can be.
        there = folder = False
    if folder:
        raise SadvaeError(f"{path} is a folder; give class names, or a file of them.")
    if there or ("," not in text and path.suffix.lower() in ENDINGS):
        return path
    if _PATH.fullmatch(text.strip()):
        raise SadvaeError(f"{path} is not there; give class names, or a file of them ({', '.join(ENDINGS)}).")
    return None


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
    bare = next((name for name in found if not any(map(str.isalpha, name))), None)
    if bare is not None:
        raise SadvaeError(f"{path} holds {bare!r} among its names, which has no letter; keep names alone, one a line.")
    return found
