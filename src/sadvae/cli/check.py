"""`sadvae check`: what a file or folder holds, or what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae.cli.known_files import check_skeletons, describe_arrays, describe_json
from sadvae.cli.known_folders import describe_folder
from sadvae.cli.show import Progresses, joined_lines, percent
from sadvae.encoders.levels import is_encoders, is_unfinished, load_encoders
from sadvae.errors import SadvaeError
from sadvae.features.flora import is_flora, read_flora
from sadvae.features.folder import FeatureLevel, Features, read_features
from sadvae.features.published import check_split_lists, find_layouts, read_published, read_texts
from sadvae.features.xlsa17 import is_xlsa17, read_xlsa17
from sadvae.joining import joined_record
from sadvae.recognition.folder import Parts, is_recognizer, read_parts
from sadvae.report.words import counted
from sadvae.settings import ExperimentSettings, read_experiment
from sadvae.skeleton.estimators import is_estimate
from sadvae.skeleton.manifest import Facts, Manifest, ProtocolCounts, facts, read_manifest
from sadvae.skeleton.read import read_clip_set
from sadvae.skeleton.store import MANIFEST, hash_parts, is_store, read_clip_store
from sadvae.stages import division_for
from sadvae.types import ClipSet

HELP = """Say what a file or folder holds, and what is wrong with it.

Example: `sadvae check UTD-MHAD/Skeleton`

Knows skeleton files and folders of all formats of docs/data.md, clips files, stores and manifests of prepared clips,
encoders, features folders, published features, embeddings, composed movements, trained methods, recognisers, exported
ones too, experiment files, runs and their records, class lists, descriptions, splits, layouts, evaluations, answers and
timelines.
Exit code 2 when something is wrong.
"""


def command(
    path: Annotated[Path, typer.Argument(help="File or folder.")],
    layout: Annotated[str | None, typer.Option(help="Layout of a clips file that names none.")] = None,
) -> None:
    """Find out what the path is, read it whole, and print its facts."""
    if not path.exists():
        raise SadvaeError(f"{path} does not exist; check the path.")
    if not path.is_dir() and not path.is_file():
        raise SadvaeError(f"{path} is neither a file nor a folder; check the path.")
    if path.is_dir():
        _check_folder(path, layout)
    else:
        _check_file(path, layout)


def _check_folder(path: Path, layout: str | None) -> None:
    if (path / "task.json").is_file():
        describe_features(read_features(path))
    elif is_store(path):
        _check_store(path)
    elif is_encoders(path) or is_unfinished(path):
        _describe_encoders(path)
    elif is_recognizer(path):
        _describe_recognizer(read_parts(path))
    elif is_xlsa17(path):
        describe_features(read_xlsa17(path)[0])
    elif (path / "sk_feats").is_dir() or (path / "label_splits").is_dir():
        _check_published(path)
    elif not describe_folder(path):
        _read_and_describe(path, layout)


def _check_file(path: Path, layout: str | None) -> None:
    if path.suffix == ".toml":
        settings = read_experiment(path)
        typer.echo(f"experiment {settings.name}: {settings.data.dataset}, split {settings.split.name}")
        _describe_joining(settings)
    elif path.name.endswith("manifest.json"):
        describe_manifest(read_manifest(path))
    elif path.suffix == ".json" and not is_estimate(path):
        describe_json(path)
    elif is_flora(path):
        describe_features(read_flora(path))
    elif not describe_arrays(path):
        check_skeletons(path)
        _read_and_describe(path, layout)


def _read_and_describe(path: Path, layout: str | None) -> None:
    with Progresses() as say:
        clips = read_clip_set(path, layout=layout, progress=lambda done, total: say("check", done, total))
    if not clips.clips:
        raise SadvaeError(f"{path} holds no clip; give recordings.")
    describe_clips(clips)
    still = [clip.clip_id for clip in clips.clips if not clip.joints.any()]
    if still:
        typer.echo(f"all-zero clips (`sadvae prepare` drops them): {', '.join(still[:5])}")


def _check_store(path: Path) -> None:
    """Read all clips of a store and compare them with its manifest."""
    read_clip_store(path)
    manifest = read_manifest(path / MANIFEST)
    if hash_parts(path / name for name in manifest.parts) != manifest.clips_sha256:
        raise SadvaeError(f"{path} does not hold the clips that its {MANIFEST} was written for; prepare it again.")
    describe_manifest(manifest)


def _check_published(path: Path) -> None:
    faults = [fault for folder in sorted((path / "label_splits").glob("*")) for fault in check_split_lists(folder)]
    if faults:
        raise SadvaeError(" ".join(faults))
    for layout in find_layouts(path):
        describe_features(read_published(layout, len(read_texts(layout, _first_text(path, layout.dataset)).ids)))


def _first_text(path: Path, dataset: str) -> str:
    arrays = sorted((path / "text_feats" / dataset).glob("*/*.npy"))
    if not arrays:
        raise SadvaeError(f"{path}/text_feats/{dataset} holds no text features; expected ENCODER/TEXT_C.npy.")
    return arrays[0].stem.rsplit("_", 1)[0]


def _describe_encoders(path: Path) -> None:
    found = load_encoders(path)
    split = found.division.split
    levels = "test and calibration" if found.calibration else "test"
    typer.echo(f"skeleton encoders ({levels}): split {split.name}, layout {found.test.layout.name}")


def _describe_joining(settings: ExperimentSettings) -> None:
    """What joining would come to, before anything is read or trained."""
    data = settings.data
    if data.more:
        typer.echo(f"with the training clips of {', '.join(part.dataset for part in data.more)}")
        for line in joined_lines(joined_record(data, division_for(settings.split, data, ()).split)):
            typer.echo(line)


def _describe_recognizer(parts: Parts) -> None:
    config, known = parts.config, parts.calibration
    typer.echo(f"recogniser: trained on {len(config.seen)} classes of {config.dataset}, texts by {config.text_encoder}")
    if config.layouts:
        typer.echo(f"takes clips of the layouts {', '.join(config.layouts)}, unasked")
    for what, found in (("new names", known.unseen), ("trained classes", known.seen)) if known else ():
        if found:
            errors = f"{percent(found.error_before)} % before, {percent(found.error_after)} % after"
            typer.echo(f"calibration error of {what}: {errors}, on {found.clips} held-out clips")
    if known and known.fit:
        refused, wrongly = percent(known.fit.refused), percent(1 - known.fit.accepted)
        typer.echo(f"none of these: said of {refused} % of clips that no name fits, {wrongly} % where one fits")
    if known is None:
        typer.echo("probabilities are not calibrated, and it never says none of these: no classes were held out")


def describe_clips(clips: ClipSet) -> None:
    """Print counts of clips, classes, subjects and frames."""
    describe_facts(facts(clips))


def describe_facts(found: Facts) -> None:
    """Print counts of clips, classes, subjects, protocols and frames."""
    least, median, most, _ = found.frames
    typer.echo(f"{found.dataset}: {counted(found.clips, 'clip')}, layout {found.layout} ({found.joints} joints)")
    typer.echo(f"frames: {least} to {most}, median {median}")
    bodies = [f"{number} in {counted(clips, 'clip')}" for number, clips in found.bodies.items()]
    typer.echo(f"bodies a clip: {', '.join(bodies)}")
    classes = found.clips_per_class.values()
    each = f"{len(classes)}, with {min(classes)} to {counted(max(classes), 'clip')} each" if classes else "no labels"
    typer.echo(f"classes: {each}")
    subjects = [name for name in found.clips_per_subject if name != "unknown"]
    typer.echo(f"subjects: {len(subjects)}" if subjects else "subjects: not named")
    for name, counts in (("setups", found.clips_per_setup), ("cameras", found.clips_per_camera)):
        if counts:
            typer.echo(f"{name}: {', '.join(f'{key} ({count})' for key, count in counts.items())}")
    for rule, sides in found.protocols.items():
        typer.echo(f"protocol {rule}: {sides.train} training and {sides.test} test clips{_published(sides)}")
    typer.echo(f"prepared: {', '.join(found.steps)}" if found.steps else "prepared: no (raw)")


def _published(sides: ProtocolCounts) -> str:
    if sides.published is None:
        return ""
    return ", as published" if sides.as_published else f"; published are {sides.published[0]} and {sides.published[1]}"


def describe_manifest(manifest: Manifest) -> None:
    """Print the facts of prepared clips and what was dropped, by reason."""
    describe_facts(manifest.facts)
    typer.echo(f"read {manifest.clips_read}, kept {manifest.clips_kept}")
    for reason, names in manifest.dropped_by_reason().items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        typer.echo(f"dropped {', '.join(names[:3])}{more}: {reason}")
    for part in manifest.joined:
        typer.echo(f"joined: {part.clips} clips of {part.dataset}, layout {part.layout}. {part.mapping}".rstrip())
    for members in manifest.merged:
        typer.echo(f"one class: {' = '.join(members)}")


def describe_features(features: Features) -> None:
    """Print counts of both levels of a features folder."""
    levels: list[tuple[str, FeatureLevel | None]] = [("test", features.test), ("calibration", features.calibration)]
    for name, level in levels:
        if level is None:
            typer.echo(f"{name}: not there (no gate, so no generalised scores)")
            continue
        tests = f"{len(level.test_seen.labels)} seen, {len(level.test_unseen.labels)} unseen"
        counts = f"{len(level.train.labels)} training, {tests}"
        width = level.train.features.shape[1]
        allowed = f"; allowed: {', '.join(level.allow)}" if level.allow else ""
        classes = f"{len(level.split.seen)} seen and {len(level.split.unseen)} unseen classes"
        typer.echo(f"{name}: {features.dataset}, {classes}; {counts} clips of {width} dimensions{allowed}")
