"""`sadvae train`: align features with text, fit the gate, and save the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sadvae import stages
from sadvae.cli.changes import changed_settings
from sadvae.cli.show import Progresses, scores_table
from sadvae.encoders.levels import load_encoders
from sadvae.encoders.made_by import check_made_by
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.evaluation.calibrate import calibrate
from sadvae.evaluation.selection import selection_by_name
from sadvae.features.folder import Features, read_features
from sadvae.files import check_free
from sadvae.methods.baselines import BASELINES
from sadvae.methods.gate import check_gate
from sadvae.methods.settings import PRESETS
from sadvae.methods.store import FILES, TrainedFolder, write_trained
from sadvae.methods.trained_on import trained_on
from sadvae.recognition.config import Origin, without_details
from sadvae.recognition.folder import FILES as RECOGNIZER_FILES
from sadvae.recognizer import Recognizer, new_recognizer
from sadvae.settings import PresetSettings
from sadvae.task import ZeroShotTask
from sadvae.teaching import material_with_vectors, taught
from sadvae.text.embed import read_class_embeddings
from sadvae.text.encoders import load_text_encoder
from sadvae.text.fitting import check_vectors
from sadvae.types import ClassEmbeddings

HELP = """Train SA-DVAE (or a baseline) on features and class embeddings.

Example: `sadvae train features embeddings.npz --out trained --encoders encoders --recognizer recognizer`

With --encoders, --recognizer writes a recogniser too, which `sadvae predict` asks about new names.
"""


def command(
    features: Annotated[Path, typer.Argument(help="Features folder from `extract` or `import`.")],
    embeddings: Annotated[Path, typer.Argument(help="Embeddings file from `embed` or `import`.")],
    out: Annotated[Path, typer.Option(help="Folder for the trained method.")] = Path("trained"),
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"taught; SA-DVAE preset {', '.join(PRESETS)}; or {', '.join(BASELINES)}. Default: taught for numbers "
            "of movement, sadvae for features of a network."
        ),
    ] = None,
    selection: Annotated[
        str, typer.Option(help="last_step, held_out_classes, or oracle_test (not a result).")
    ] = "last_step",
    gate: Annotated[str, typer.Option(help="max_probability or published.")] = "max_probability",
    seed: Annotated[int, typer.Option(min=0, help="Seed of training.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting of the preset: NAME=VALUE.")
    ] = None,
    encoders: Annotated[Path | None, typer.Option(help="Encoders folder, for a recogniser.")] = None,
    recognizer: Annotated[Path | None, typer.Option(help="Recogniser folder to write (needs --encoders).")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps composed movements for the next time.")] = None,
) -> None:
    """Train, print the scores, and write what was trained."""
    if (recognizer is None) != (encoders is None):
        raise SadvaeError("a recogniser needs both --encoders and --recognizer; give both or neither.")
    check_gate(gate)
    selection_by_name(selection)
    check_free(out, FILES)
    found, vectors = read_features(features), read_class_embeddings(embeddings)
    check_vectors(vectors, found.class_names, path=embeddings, whose=f"{features} ({found.dataset})")
    encoder = load_encoders(encoders).test if encoders is not None else None
    if encoder is not None and encoders is not None:
        check_made_by(found.test.train, encoder, features=features, encoders=encoders)
    if recognizer is not None:
        check_free(recognizer, RECOGNIZER_FILES)
        _check_for_recognizer(vectors, embeddings)
    chosen = PresetSettings(preset=preset or _usual(found, vectors), changes=changed_settings(setting or ()))
    task = _task(found, vectors, chosen, cache)
    name = stages.method_name(chosen)
    with Progresses() as say:
        fitted = stages.fit_and_evaluate(
            chosen,
            task,
            found.class_names,
            gate,
            selection,
            seed,
            lambda epoch, losses: say("train", epoch + 1, 0),
        )
    evaluation = fitted.evaluation
    picked = name, evaluation.preset, selection, evaluation.epoch
    write_trained(out, TrainedFolder(fitted.levels.trained, fitted.gate, *picked, trained_on(found.dataset, task)))
    if encoder is not None and recognizer is not None:
        _recognizer(fitted, task, found, encoder, seed).save(recognizer)
        typer.echo(f"Wrote {recognizer}")
    Console(soft_wrap=True, emoji=False).print(
        scores_table([evaluation], f"{found.dataset}, split {task.split.name}, seed {seed} (%)")
    )
    typer.echo(f"Wrote {out}")


def _usual(features: Features, vectors: ClassEmbeddings) -> str:
    """The preset that is taken where none is named: lessons need numbers of movement, and a known text encoder."""
    return "taught" if features.kind == "kinematics" and vectors.mode else "sadvae"


def _task(features: Features, vectors: ClassEmbeddings, chosen: PresetSettings, cache: Path | None) -> ZeroShotTask:
    task = features.task(vectors)
    if not stages.takes_lessons(chosen) or features.kind != "kinematics":
        if cache is not None:
            raise SadvaeError("--cache keeps composed movements, and none are learned from here; leave it out.")
        return task
    if not vectors.mode:
        raise SadvaeError(
            f"the preset {chosen.preset} puts composed movements into words, but these class embeddings were imported "
            f"({vectors.encoder}); make them with `sadvae embed`, or take --preset sadvae."
        )
    encoder = load_text_encoder(vectors.encoder)
    material, words = material_with_vectors(encoder, vectors.mode, cache)
    return taught(task, features.class_names, material, words, encoder)


def _recognizer(
    fitted: stages.Fitted, task: ZeroShotTask, features: Features, encoder: TrainedEncoder, seed: int
) -> Recognizer:
    origin = Origin(
        split=task.split.name,
        seed=seed,
        selection=fitted.evaluation.selection,
        unseen=tuple(features.class_names[c] for c in task.split.unseen),
        evaluation=without_details(fitted.evaluation),
        allow=tuple(f"test: {one}" for one in task.allow),
    )
    return new_recognizer(
        encoder,
        fitted.levels.trained,
        fitted.gate,
        dataset=features.dataset,
        class_names=features.class_names,
        seen=task.split.seen,
        embeddings=task.classes,
        calibration=calibrate(fitted.levels, task),
        record=origin,
    )


def _check_for_recognizer(vectors: ClassEmbeddings, path: Path) -> None:
    """A recogniser embeds words typed later, so it needs the text encoder that made the vectors, not vectors alone."""
    if not vectors.mode:
        raise SadvaeError(
            f"{path} holds imported vectors ({vectors.encoder}), so a recogniser could not embed new names the same "
            "way; make the vectors with `sadvae embed`, or leave --recognizer out."
        )
    load_text_encoder(vectors.encoder)
