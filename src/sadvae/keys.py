"""Keys of stages and records: hashes of all that they depend on, and the stamps that keep them beside what was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sadvae import __version__
from sadvae.comparing import text_settings
from sadvae.errors import SadvaeError
from sadvae.files import read_json, sha256_of
from sadvae.protocol import list_file
from sadvae.record import RunRecord, read_record
from sadvae.settings import IMPORTED, DataSettings, ExperimentSettings


def key_of(*parts: Any) -> str:
    """A hash of settings and of other values that JSON can hold, in their order."""
    text = json.dumps([p.model_dump(mode="json") if hasattr(p, "model_dump") else p for p in parts], default=repr)
    return hashlib.sha256(f"{__version__} {text}".encode()).hexdigest()


def list_digests(data: DataSettings) -> list[str]:
    """The digests of the lists of videos that divide the clips of data sets; none where rules name no list."""
    found = [list_file(part.train_subjects) for part in data.parts]
    # Features that were brought carry their division, so that the list of their clips need not be there.
    return [sha256_of(path) for path in found if path is not None and path.is_file()]


def class_digests(data: DataSettings) -> list[str]:
    """The digests of the files that name the classes of data sets; none where no file does."""
    return [sha256_of(part.classes) for part in data.parts if part.classes]


def record_key(settings: ExperimentSettings, origin: str, seed: int) -> str:
    """A hash of all that a record's numbers depend on; titles, questions and published results are not among it."""
    idle = {"title": True, "seeds": True, "published": True, "compare": {"__all__": {"question"}}}
    files = [Path(text.encoder) for text in text_settings(settings) if text.mode == IMPORTED]
    files += [Path(settings.split.name)] if settings.split.name.endswith(".json") else []
    digests = class_digests(settings.data) + [sha256_of(path) for path in files] + list_digests(settings.data)
    return key_of(settings.model_dump(mode="json", exclude=idle), origin, digests, seed)


def finished_record(folder: Path, key: str) -> RunRecord | None:
    """The record that an earlier run left in a seed's folder under the same key; None where there is none."""
    if read_stamp(folder / "record.key").get("key") != key:
        return None
    try:
        return read_record(folder / "record.json")
    except SadvaeError:
        return None


def check_own_records(name: str, out: Path, seeds: Iterable[int]) -> None:
    """Raises SadvaeError where a run of these seeds would replace a record of an experiment of another name.

    Records that cannot be read are of nobody.
    """
    for path in (Path(out) / f"seed-{seed}" / "record.json" for seed in seeds):
        try:
            found = read_record(path).name
        except SadvaeError:
            continue
        if found != name:
            raise SadvaeError(
                f"{path} is of experiment {found!r}, and this run of {name!r}; choose another folder for --out, or "
                "remove that record."
            )


def stamp_path(path: Path) -> Path:
    """Where the key of a stage's result is kept."""
    return path.with_name(f"{path.stem}.key")


def read_stamp(path: Path) -> dict[str, Any]:
    """What an earlier run noted of a stage; nothing where it noted nothing readable, so that the stage is redone."""
    try:
        value = read_json(path)
    except SadvaeError:
        return {}
    return value if isinstance(value, dict) else {}
