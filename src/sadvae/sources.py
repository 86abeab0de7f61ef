"""Where the raw clips of an experiment are: one place, or one for each data set that is joined."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sadvae.errors import SadvaeError


@dataclass(frozen=True)
class Sources:
    """The file or folder of each data set that has one, by name."""

    paths: tuple[tuple[str, Path], ...]

    def of(self, dataset: str) -> Path | None:
        """The files of a data set; None for generated motion. Raises SadvaeError where they are not named."""
        if dataset == "generated":
            return None
        path = dict(self.paths).get(dataset)
        if path is None:
            raise SadvaeError(f"dataset {dataset!r} needs its files; name their folder with --data {dataset}=PATH.")
        return path


# None: generated motion, which has no files.
Source = Path | Sources | None


def single(source: Source) -> Path | None:
    """The one place of a source. Raises SadvaeError where there are several."""
    if isinstance(source, Sources):
        raise SadvaeError("this takes the files of one data set; name one path.")
    return source


def places(source: Source) -> tuple[Path, ...]:
    """All files and folders of a source."""
    if isinstance(source, Sources):
        return tuple(path for _, path in source.paths)
    return () if source is None else (source,)
