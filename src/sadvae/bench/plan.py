"""What a bench runs: experiment files, the data of each, and units of work that share their features."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sadvae import stages
from sadvae.errors import SadvaeError
from sadvae.experiment import source_origin, stated_settings
from sadvae.features.folder import is_features_folder
from sadvae.keys import finished_record, record_key
from sadvae.settings import ExperimentSettings, read_experiment
from sadvae.sources import Source, Sources
from sadvae.types import duplicates

# The data of every data set that is not named (`--data PATH`).
ANY = ""
_FEATURES = ("data", "prepare", "split", "encoder")


@dataclass(frozen=True)
class Job:
    """One experiment and one seed. out: the experiment's folder. origin: the digest of the source's files."""

    settings: ExperimentSettings
    source: Source
    out: Path
    seed: int
    origin: str

    @property
    def label(self) -> str:
        """The experiment and the seed in words."""
        return f"{self.settings.name}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Where the run's record is."""
        return self.out / f"seed-{self.seed}"


@dataclass(frozen=True)
class Plan:
    """units: jobs that are to run, those of one unit one after the other, since they share their features.

    finished: jobs whose record is there already.
    """

    units: tuple[tuple[Job, ...], ...]
    finished: tuple[Job, ...]

    @property
    def jobs(self) -> list[Job]:
        """All jobs that are to run."""
        return [job for unit in self.units for job in unit]


def find_experiments(paths: Sequence[Path]) -> list[Path]:
    """Experiment files: those named, and all .toml files in folders named and below. Raises SadvaeError for none."""
    found = [file for path in paths for file in (sorted(path.rglob("*.toml")) if path.is_dir() else [path])]
    if not found:
        raise SadvaeError(f"{paths[0] if paths else 'the list'} holds no experiment file (.toml).")
    return list(dict.fromkeys(found))


def read_experiments(paths: Sequence[Path]) -> list[ExperimentSettings]:
    """The experiments of files and folders. Raises SadvaeError if one is faulty, or two have one name."""
    found = [read_experiment(path) for path in find_experiments(paths)]
    twice = duplicates(settings.name for settings in found)
    if twice:
        raise SadvaeError(f"two experiment files have the name {twice[0]!r}; give each a name of its own.")
    return found


def parse_data(given: Sequence[str]) -> dict[str, Path]:
    """Paths by data set from words DATASET=PATH; one PATH alone is for every data set (ANY).

    Raises SadvaeError for a path that does not exist or a data set that is named twice.
    """
    found: dict[str, Path] = {}
    for word in given:
        name, equals, path = word.partition("=")
        key, value = (name, Path(path)) if equals and not Path(word).exists() else (ANY, Path(word))
        if key in found:
            raise SadvaeError(f"--data {word!r} comes after another one for the same data set; name one path for each.")
        if not value.exists():
            raise SadvaeError(f"--data {word!r}: {value} does not exist; check the path.")
        found[key] = value
    return found


def make_plan(
    experiments: Sequence[ExperimentSettings], data: Mapping[str, Path], seeds: int | None, out: Path
) -> Plan:
    """Check everything that can be checked before hours of work, and leave out what is finished.

    seeds: how many (0, 1, ...), or None for the number in each file. Raises SadvaeError that names the experiment.
    """
    _refuse_one_path_for_two(experiments, data)
    origins: dict[Source, str] = {}
    jobs = [job for settings in experiments for job in _jobs(settings, data, seeds, out, origins)]
    units: dict[str, list[Job]] = {}
    finished = []
    # By seeds, so that a bench that is stopped early has as many seeds of one experiment as of another.
    for job in sorted(jobs, key=lambda job: job.seed):
        if is_finished(job):
            finished.append(job)
        else:
            units.setdefault(_features_key(job), []).append(job)
    return Plan(tuple(tuple(unit) for unit in units.values()), tuple(finished))


def check_named(settings: ExperimentSettings, data: Mapping[str, Path]) -> None:
    """Raises SadvaeError where data are named after a data set that the experiment does not have."""
    own = list(dict.fromkeys(part.dataset for part in settings.data.parts))
    stray = next((name for name in data if name != ANY and name not in own), None)
    if stray is not None:
        raise SadvaeError(
            f"--data names {stray!r}; experiment {settings.name!r} has {', '.join(own)}; name one of them."
        )


def _refuse_one_path_for_two(experiments: Sequence[ExperimentSettings], data: Mapping[str, Path]) -> None:
    names = {part.dataset for settings in experiments for part in settings.data.parts} - {"generated", *data}
    if ANY in data and len(names) > 1:
        named = " and ".join(f"--data {name}=PATH" for name in sorted(names))
        raise SadvaeError(f"--data names one path for {len(names)} data sets; give {named}.")


def _jobs(
    settings: ExperimentSettings,
    data: Mapping[str, Path],
    seeds: int | None,
    out: Path,
    origins: dict[Source, str],
) -> list[Job]:
    source = source_for(settings, data)
    try:
        stages.check_settings(settings, source)
        if source not in origins:
            origins[source] = source_origin(source)
    except SadvaeError as error:
        raise SadvaeError(f"experiment {settings.name!r}: {error}") from error
    return [Job(settings, source, out / settings.name, n, origins[source]) for n in range(seeds or settings.seeds)]


def source_for(settings: ExperimentSettings, data: Mapping[str, Path]) -> Source:
    """What an experiment starts from: its files, or its features folder; of several data sets, the files of each."""
    wanted = settings.data

    def path_of(dataset: str) -> Path | None:
        return data.get(dataset, None if dataset == "generated" else data.get(ANY))

    own = _own_features(path_of(wanted.dataset), settings.name)
    if not wanted.more or is_features_folder(own):
        return own
    found = [(part.dataset, path_of(part.dataset)) for part in wanted.parts]
    return Sources(tuple((name, path) for name, path in found if path is not None and name != "generated"))


def _own_features(source: Path | None, name: str) -> Path | None:
    """The features folder of an experiment, where the data are a folder of such, named after experiments."""
    own = source / name if source is not None else None
    return own if is_features_folder(own) else source


def is_finished(job: Job) -> bool:
    """Whether a job's record is there; titles, questions and published results that changed are put into it."""
    record = finished_record(job.folder, record_key(job.settings, job.origin, job.seed))
    if record is None:
        return False
    settings = stated_settings(job.settings, job.source)
    if record.settings != settings:
        record.model_copy(update={"settings": settings}).write(job.folder / "record.json")
    return True


def features_key(job: Job) -> str:
    """Equal for jobs of equal features and class texts; seeds that share a features folder are of one key."""
    return _features_key(job, ("data", "split"), 0) if is_features_folder(job.source) else _features_key(job)


def _features_key(job: Job, fields: Sequence[str] = _FEATURES, seed: int | None = None) -> str:
    settings = job.settings.model_dump(mode="json", include=set(fields))
    return json.dumps([settings, job.origin, job.seed if seed is None else seed], sort_keys=True)
