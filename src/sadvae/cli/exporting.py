"""`sadvae export`: features, clips and recognisers as files that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sadvae.cli.names import names_of
from sadvae.cli.show import Progresses
from sadvae.errors import SadvaeError
from sadvae.features.flora import write_flora
from sadvae.features.folder import Features, read_features
from sadvae.features.published_write import write_published
from sadvae.files import check_ending
from sadvae.protocol import training_subjects
from sadvae.report.words import counted
from sadvae.skeleton.pyskl import write_pyskl
from sadvae.skeleton.read import read_clip_set
from sadvae.text.embed import read_class_embeddings
from sadvae.types import ClipSet

HELP = """Write features, clips or a recogniser as files that others read.

Example: `sadvae export features --to published --embeddings features/embeddings.npz --out resources`

A features folder goes to `published` (the resources folder of SynSE and SA-DVAE, both levels) or `flora` (one .npz,
test level alone); a clips file, or any skeleton source, goes to `pyskl` (a pickle with float16 keypoints).
A recogniser goes to `onnx`: a folder of graphs that `sadvae predict` asks without torch (docs/export_onnx.md):

`sadvae export runs/demo/seed-0/recognizer --to onnx --out recognizer-onnx`
"""

Target = Literal["published", "flora", "pyskl", "onnx"]
# The targets that are one file, by their endings.
FILES: dict[Target, tuple[str, ...]] = {"flora": (".npz",), "pyskl": (".pkl",)}


def command(
    source: Annotated[
        Path, typer.Argument(help="Features folder, clips file or other skeletons, or recogniser folder.")
    ],
    to: Annotated[Target, typer.Option(help="Layout to write.")],
    out: Annotated[Path, typer.Option(help="Folder (published, onnx) or file (flora: .npz, pyskl: .pkl) to write.")],
    embeddings: Annotated[Path | None, typer.Option(help="Embeddings file, for published text features.")] = None,
    encoder: Annotated[str, typer.Option(help="Name of the skeleton encoder in published folder names.")] = "sadvae",
    text: Annotated[str, typer.Option(help="Name of the published text features.")] = "lb",
    train_subjects: Annotated[
        str | None, typer.Option(help="pyskl: rule for lists xsub_train and xsub_val (odd, ntu60-xsub, names, ...).")
    ] = None,
    classes: Annotated[
        str, typer.Option(help="onnx: names whose text vectors go along, as for predict, for use without texts.")
    ] = "",
    text_model: Annotated[
        bool, typer.Option(help="onnx: the text model goes along, so that any names can be asked about.")
    ] = True,
) -> None:
    """Export and say what was written."""
    if not source.exists():
        raise SadvaeError(f"{source} does not exist; check the path.")
    if to in FILES:
        check_ending(out, FILES[to], f"{to} goes")
    if to == "onnx":
        return _export_recognizer(source, out, names_of(classes) if classes else [], text_model)
    if (source / "task.json").is_file():
        _export_features(read_features(source), to, out, embeddings, encoder, text)
    elif to == "pyskl":
        with Progresses() as say:
            clips = read_clip_set(source, progress=lambda done, total: say("read", done, total))
        write_pyskl(out, clips, _splits(clips, train_subjects))
        typer.echo(f"Wrote {counted(len(clips.clips), 'clip')} of layout {clips.layout.name} to {out}")
    else:
        raise SadvaeError(f"{source} is not a features folder, which --to {to} needs; skeletons go to pyskl.")
    return None


def _export_recognizer(source: Path, out: Path, names: list[str], text_model: bool) -> None:
    # These take seconds to load.
    from sadvae.onnx_export.write import check_libraries, export_onnx
    from sadvae.recognizer import Recognizer

    check_libraries()
    loaded = Recognizer.load(source)
    export_onnx(loaded, out, names, text_model=text_model, progress=lambda what: typer.echo(f"{what} ...", err=True))
    size = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    typer.echo(f"Wrote {out} ({size:.1f} MB); ask it with sadvae predict {out} CLIP --classes NAMES")


def _export_features(
    features: Features, to: Target, out: Path, embeddings: Path | None, encoder: str, text: str
) -> None:
    if to == "pyskl":
        raise SadvaeError("a features folder holds no skeletons; it goes to published or flora.")
    if to == "flora":
        write_flora(out, features)
    else:
        texts = read_class_embeddings(embeddings) if embeddings is not None else None
        write_published(out, features, encoder, texts, text)
        if texts is None:
            typer.echo("No texts were written, which sadvae import needs; give --embeddings FILE.", err=True)
    typer.echo(f"Wrote {out}")


def _splits(clips: ClipSet, rule: str | None) -> dict[str, list[str]]:
    names = [clip.clip_id for clip in clips.clips]
    if rule is None:
        return {"all": names}
    subjects = training_subjects(rule, clips)
    train = [clip.clip_id for clip in clips.clips if clip.subject in subjects]
    return {"xsub_train": train, "xsub_val": [clip.clip_id for clip in clips.clips if clip.subject not in subjects]}
