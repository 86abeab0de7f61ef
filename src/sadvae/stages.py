"""The stages of the chain, each from files or settings to one object: what the CLI verbs and experiments share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sadvae.encoders.extract import extract_to_files
from sadvae.encoders.inference import InferenceSettings, check_fit
from sadvae.encoders.levels import LevelEncoders
from sadvae.encoders.settings import EncoderSettings, encoder_preset
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.evaluation.evaluate import calibrate_gate, evaluate
from sadvae.evaluation.needed import check_parts
from sadvae.evaluation.selection import EpochCallback, TrainedLevels, selection_by_name, train_under_rules
from sadvae.faults import first_fault
from sadvae.features.folder import FILES, PARTS, FeatureLevel, Features, fill_features, is_features_folder, split_name
from sadvae.files import atomic_folder
from sadvae.joining import joined_classes, joined_division, joined_split, joined_subjects, part_texts
from sadvae.methods.baselines import BASELINES, baseline
from sadvae.methods.gate import Gate, check_gate
from sadvae.methods.protocol import Method
from sadvae.methods.sa_dvae import SADVAE, preset
from sadvae.methods.settings import PRESETS, TAUGHT, TaughtSADVAESettings, taught
from sadvae.methods.taught import Taught
from sadvae.methods.taught_sa_dvae import TaughtSADVAE
from sadvae.protocol import Division, list_file
from sadvae.record import Evaluation
from sadvae.settings import (
    IMPORTED,
    Contender,
    DataSettings,
    ExperimentSettings,
    PartSettings,
    PresetSettings,
    SplitSettings,
    contenders,
)
from sadvae.skeleton.generated import GeneratedSettings, generate_clip_set, generated_split
from sadvae.skeleton.manifest import Manifest, new_manifest
from sadvae.skeleton.parts import read_clip_list
from sadvae.skeleton.preprocess import Dropped, prepare_clip_set
from sadvae.skeleton.read import read_clip_set, source_digest
from sadvae.skeleton.recipe import PrepareSettings
from sadvae.sources import Source, Sources
from sadvae.splits.reader import is_split_name, load_split
from sadvae.task import ClipTask, ZeroShotTask
from sadvae.text.class_lists import class_texts, dataset_names, read_class_texts
from sadvae.text.prompts import check_mode
from sadvae.types import ClassSplit, ClassTexts, ClipSet, FeatureSet

ReadProgress = Callable[[int, int], None]
# Hears what is done, how much of it, and how much there is.
StageProgress = Callable[[str, int, int], None]
# The method of a preset.
MakeMethod = Callable[[PresetSettings], Method]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Clips after preprocessing, and the manifest that says what was done, counted and dropped."""

    clips: ClipSet
    manifest: Manifest


def check_settings(settings: ExperimentSettings, source: Source) -> None:
    """Refuse settings that could only fail after hours of work. Raises SadvaeError that names the first fault."""
    data = settings.data
    _check_sources(data, source)
    for part in data.parts:
        listed = list_file(part.train_subjects)
        if listed is not None and not is_features_folder(source):
            _check_file(listed, "train_subjects")
        if data.more:
            part_texts(part)
    names = known_names(data)
    own = is_features_folder(source) and is_own_split(settings, source)
    if names and not own:
        _own_split(settings.split, data, names)
    elif settings.split.name.endswith(".json"):
        _check_file(Path(settings.split.name), "name of [split]")
    kind = encoder_settings(settings.encoder).feature_kind
    for rule in settings.rules:
        selection_by_name(rule)
    for name in settings.baselines:
        baseline(name)
    for contender in contenders(settings):
        if takes_lessons(contender.method):
            _check_lessons(contender, kind, source)
        if contender.text.mode == IMPORTED:
            _check_file(Path(contender.text.encoder), "encoder of [text]")
        else:
            check_mode(contender.text.mode)
        check_gate(contender.gate)


def _check_sources(data: DataSettings, source: Source) -> None:
    for part in data.parts:
        if part.dataset == "generated":
            _validated(GeneratedSettings, part.generated, "generated")
        elif isinstance(source, Sources):
            source.of(part.dataset)
        elif source is None or (data.more and not is_features_folder(source) and part.dataset != data.dataset):
            named = f"--data {part.dataset}=PATH" if data.more else "--data"
            raise SadvaeError(
                f"dataset {part.dataset!r} needs its files; name their folder with {named}, or one of features with "
                "--features."
            )


def check_source(data: PartSettings, source: Path | None) -> None:
    """Raises SadvaeError where a data set that has files comes without them."""
    if source is None and data.dataset != "generated":
        raise SadvaeError(f"dataset {data.dataset!r} needs its files; name their folder with --data.")


def _check_lessons(contender: Contender, kind: str, source: Source) -> None:
    name = contender.entry or contender.method.preset
    if kind != "kinematics" and not is_features_folder(source):
        raise SadvaeError(
            f"method {name!r} learns from composed movements, which have numbers of movement as features; take an "
            'encoder with features = "kinematics", such as the preset default, or the method preset sadvae.'
        )
    if contender.text.mode == IMPORTED:
        raise SadvaeError(
            f"method {name!r} puts composed movements into words, which needs a text encoder, not imported vectors; "
            "name one in [text], or take the method preset sadvae."
        )


def _check_file(path: Path, setting: str) -> None:
    if not path.is_file():
        raise SadvaeError(f"{path} ({setting}) is not a file; give its path from where the command runs.")


def read_raw(
    data: DataSettings, source: Path | None, progress: ReadProgress | None = None, *, all_bodies: bool = False
) -> ClipSet:
    """Raw clips: generated ones, or those of a file or folder. Raises SadvaeError where a source is missing or bad."""
    check_source(data, source)
    if source is None:
        return generate_clip_set(settings=_validated(GeneratedSettings, data.generated, "generated"))
    return read_clip_set(
        source,
        layout=data.layout,
        dataset=data.dataset,
        class_names=known_names(data),
        progress=progress,
        all_bodies=all_bodies,
    )


def known_names(part: PartSettings) -> tuple[str, ...] | None:
    """The names of a data set's own classes where the user or we have any."""
    return part_texts(part).names if part.classes or part.dataset in dataset_names() else None


def prepare(
    data: DataSettings,
    settings: PrepareSettings,
    source: Path | None,
    progress: ReadProgress | None = None,
    exclude: Path | None = None,
) -> Prepared:
    """Read and preprocess clips, all of them in memory; exclude: a list of names of clips to leave out."""
    raw = read_raw(data, source, progress, all_bodies=settings.all_bodies)
    names = read_clip_list(exclude) if exclude else frozenset()
    reason = f"it is in the list {exclude.name}" if exclude else ""
    out = tuple(Dropped(clip.clip_id, reason) for clip in raw.clips if clip.clip_id in names)
    clips, dropped = prepare_clip_set(raw.where(clip.clip_id not in names for clip in raw.clips), settings)
    if not raw.clips:
        raise SadvaeError(f"{source or data.dataset} holds no clip.")
    if not clips.clips:
        first = (*out, *dropped)[0].reason
        raise SadvaeError(f"no clip of {source or data.dataset} is left after preparation; the first: {first}.")
    digest = source_digest(source) if source else None
    return Prepared(clips, new_manifest(clips, settings, len(raw.clips), (*out, *dropped), digest))


def texts_for(data: DataSettings, class_names: tuple[str, ...] | None = None) -> ClassTexts:
    """The words for a dataset's classes: a user's file, our lists, or the bare names that clips or features carry."""
    if data.more:
        return joined_classes(data).texts
    if data.classes is not None:
        return read_class_texts(data.classes)
    if data.dataset in dataset_names() or class_names is None:
        return class_texts(data.dataset)
    count = len(class_names)
    return ClassTexts(tuple(range(count)), class_names, ((),) * count)


def division_for(
    split: SplitSettings, data: DataSettings, class_names: Sequence[str], present: Collection[int] | None = None
) -> Division:
    """The division into levels that split settings name, for data with these classes.

    present: the classes that have clips; of several data sets, those that the others add are taken only where they do.
    """
    joined = None
    if data.more:
        classes = joined_classes(data)
        found = joined_split(_own_split(split, data, part_texts(data).names), classes, data.joining, present)
        joined = joined_division(data, found, classes)
    else:
        found = _own_split(split, data, class_names)
    return Division(
        split=found,
        train_subjects=data.train_subjects,
        held_out_subjects=joined_subjects(data, split.held_out_subjects),
        unseen_from=split.unseen_from,
        joined=joined,
    )


def _own_split(split: SplitSettings, data: DataSettings, class_names: Sequence[str]) -> ClassSplit:
    if (data.dataset, split.name) == ("generated", "generated"):
        own = generated_split()
        return replace(own, validation_unseen=split.validation_unseen or own.validation_unseen)
    return load_split(data.dataset, split.name, len(class_names), split.validation_unseen, class_names)


def is_own_split(settings: ExperimentSettings, folder: Path) -> bool:
    """Whether an experiment names the split of a features folder as the folder does, by a name that nothing else knows.

    Of several data sets the classes that train are joined by their words, so that their split must be a known one.
    """
    split, data = settings.split, settings.data
    known = is_split_name(data.dataset, split.name) or (data.dataset, split.name) == ("generated", "generated")
    return not known and not data.more and split.name == split_name(folder)


def split_settings(fields: dict[str, Any]) -> SplitSettings:
    """Split settings from fields as an experiment file has them. Raises SadvaeError that names the first fault."""
    return _validated(SplitSettings, fields, "split")


def encoder_settings(chosen: PresetSettings) -> EncoderSettings:
    """Encoder settings from a preset and changes; of a table such as heatmaps, what is not changed stays the preset's.

    Raises SadvaeError for an unknown preset or field.
    """
    fields = encoder_preset(chosen.preset).model_dump()
    for name, value in chosen.changes.items():
        own = fields.get(name)
        fields[name] = own | value if isinstance(own, dict) and isinstance(value, dict) else value
    return _validated(EncoderSettings, fields, "encoder")


def extract_to(
    folder: Path,
    clips: ClipSet,
    encoders: LevelEncoders,
    settings: InferenceSettings | None = None,
    *,
    maps: bool = False,
    progress: StageProgress | None = None,
) -> None:
    """Write a features folder of every level, each from the encoder that was trained on that level alone.

    Clips of a store are read and features are written batch by batch; the folder appears whole or not at all.
    maps: write the feature maps too, as LEVEL.PART.maps.npy. progress: called with level and part, clips done, and all.
    Raises SadvaeError for clips that the encoders do not fit.
    """
    check_fit(encoders.test, clips)
    with atomic_folder(folder, FILES) as new:
        levels = {
            name: _extracted_level(new, name, task, encoders.get(name), settings, maps, progress)
            for name, task in encoders.division.levels(clips).items()
        }
        kind = encoders.test.settings.feature_kind
        fill_features(new, Features(clips.dataset, clips.class_names, levels["test"], levels.get("calibration"), kind))
        for scratch in (*new.glob("*.features.npy"), *new.glob("*.logits.npy")):
            scratch.unlink()


def _extracted_level(
    folder: Path,
    level: str,
    task: ClipTask,
    encoder: TrainedEncoder,
    settings: InferenceSettings | None,
    maps: bool,
    progress: StageProgress | None,
) -> FeatureLevel:
    def extracted(part: str) -> FeatureSet:
        report = partial(progress, f"{level} {part}") if progress else None
        stem = f"{level}.{part}"
        return extract_to_files(folder, stem, encoder, getattr(task, part), settings, maps=maps, progress=report)

    return FeatureLevel(task.split, *(extracted(part) for part in PARTS), allow=task.allow)


def main_method(chosen: PresetSettings) -> Method:
    """The default by its name, SA-DVAE under a preset, or a baseline by its name."""
    if chosen.preset in BASELINES:
        return baseline(chosen.preset, chosen.changes)
    if chosen.preset == TAUGHT:
        return Taught(taught(**chosen.changes))
    if chosen.preset not in PRESETS:
        known = f"{', '.join((TAUGHT, *PRESETS))}; or a baseline: {', '.join(BASELINES)}"
        raise SadvaeError(f"unknown preset {chosen.preset!r}; expected {known}.")
    settings = preset(chosen.preset, **chosen.changes)
    return TaughtSADVAE(settings) if isinstance(settings, TaughtSADVAESettings) else SADVAE(settings)


def takes_lessons(chosen: PresetSettings) -> bool:
    """Whether a method learns from composed movements beside its task's clips."""
    method = main_method(chosen)
    return isinstance(method, Taught | TaughtSADVAE) and method.settings.lesson_share > 0


def method_name(chosen: PresetSettings) -> str:
    """What records and tables call the method: the baseline's name, or sa_dvae for every preset of it."""
    return chosen.preset if chosen.preset in (TAUGHT, *BASELINES) else "sa_dvae"


@dataclass(frozen=True, eq=False)
class Fitted:
    """A method trained on both levels, its gate, and its scores."""

    levels: TrainedLevels
    gate: Gate | None
    evaluation: Evaluation


def fit_and_evaluate(
    chosen: PresetSettings,
    task: ZeroShotTask,
    class_names: tuple[str, ...],
    gate: str,
    selection: str,
    seed: int,
    on_epoch: EpochCallback | None = None,
) -> Fitted:
    """Train a method on a task, fit its gate on the calibration level, and score it on the test clips."""
    return fit_under_rules(chosen, task, class_names, gate, (selection,), seed, on_epoch)[0]


def fit_under_rules(
    chosen: PresetSettings,
    task: ZeroShotTask,
    class_names: tuple[str, ...],
    gate: str,
    selections: Sequence[str],
    seed: int,
    on_epoch: EpochCallback | None = None,
    make: MakeMethod = main_method,
) -> list[Fitted]:
    """As fit_and_evaluate, under several selection rules of one training; rules that pick the same epoch share scores.

    The evaluations of all rules but the first carry no curve, classes and confusion, which would fill the records.
    Raises SadvaeError before training where a part is empty that scores need.
    """
    # Before hours of training, not after them.
    check_gate(gate)
    rules = [selection_by_name(selection) for selection in selections]
    check_parts(task, class_names)
    fits: list[Fitted] = []
    for rule, levels in train_under_rules(make(chosen), task, seed, rules, on_epoch).items():
        same = next((fit for fit in fits if fit.levels.epoch == levels.epoch), None)
        fit = same or _scored(chosen, task, class_names, gate, levels, seed)
        details = {"curve": [], "classes": [], "confusion_ids": [], "confusion": []} if fits else {}
        fits.append(replace(fit, evaluation=fit.evaluation.model_copy(update={"selection": rule, **details})))
    return fits


def _scored(
    chosen: PresetSettings,
    task: ZeroShotTask,
    class_names: tuple[str, ...],
    gate: str,
    levels: TrainedLevels,
    seed: int,
) -> Fitted:
    fitted_gate, name = calibrate_gate(gate, levels, task, seed), method_name(chosen)
    scores = evaluate(
        levels.trained,
        fitted_gate,
        task,
        class_names,
        method=name,
        preset=None if name == chosen.preset else chosen.preset,
        selection="",
        epoch=levels.epoch,
    )
    return Fitted(levels, fitted_gate, scores)


def _validated(model: Any, fields: dict[str, Any], where: str) -> Any:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise SadvaeError(f"{where} settings: {first_fault(error, model)}.") from error
