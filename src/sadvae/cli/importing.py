"""`sadvae import`: published features to a features folder and class embeddings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sadvae.cli.check import describe_clips, describe_features
from sadvae.cli.ignored import refuse_ignored
from sadvae.errors import SadvaeError
from sadvae.features.flora import is_flora, read_flora
from sadvae.features.folder import write_features
from sadvae.features.published import FULL_NAMES, PublishedLayout, find_layouts, read_published, read_texts
from sadvae.features.xlsa17 import is_xlsa17, read_xlsa17
from sadvae.files import atomic_folder, write_json
from sadvae.skeleton.clips_file import write_clips_file
from sadvae.skeleton.read import read_clip_set
from sadvae.skeleton.smie import is_smie, language_file, smie_unseen
from sadvae.text.class_lists import class_texts, dataset_names
from sadvae.text.embed import precomputed_embeddings, write_class_embeddings
from sadvae.types import ClassEmbeddings, ClassTexts

HELP = """Read features that other projects published.

Example: `sadvae import resources --text lb --out features`

Knows the resources folder of SynSE and SA-DVAE, Flora archives (.npz), xlsa17 folders (res101.mat, att_splits.mat) and
SMIE split folders. Writes a features folder, and class vectors that lie beside the features as embeddings.npz; SMIE
holds skeletons, so of it a clips file, a split and embeddings are written. What an encoder was trained on is not said
in these layouts, so the features carry the allowance `unknown_encoder`, and so does every record made of them.
"""


def command(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="Published folder or file.")],
    out: Annotated[Path, typer.Option(help="Features folder to write.")] = Path("features"),
    text: Annotated[str, typer.Option(help="Text features: lb, ad, md, chat or others there; joined by _.")] = "lb",
    text_encoder: Annotated[str | None, typer.Option(help="Folder of text features, where there are several.")] = None,
    name: Annotated[str | None, typer.Option(help="ENCODER_DATASET_UNSEEN, where there are several.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Data set of a Flora archive, for its class names.")] = None,
    derive_splits: Annotated[
        bool, typer.Option(help="Take seen classes from the unseen lists (for faulty seen lists).")
    ] = False,
) -> None:
    """Import and say what the source holds."""
    if not source.exists():
        raise SadvaeError(f"{source} does not exist; check the path.")
    _refuse_others(context, source)
    embeddings: ClassEmbeddings | None = None
    if is_smie(source):
        _import_smie(source, out)
        return
    if is_flora(source):
        names = class_texts(dataset).names if dataset else None
        features = read_flora(source, len(names) if names else None, names, dataset)
    elif is_xlsa17(source):
        features, embeddings = read_xlsa17(source)
    else:
        layout = _chosen(find_layouts(source), name)
        embeddings = read_texts(layout, text, text_encoder)
        names = _names(layout.dataset, len(embeddings.ids))
        embeddings = replace(embeddings, names=names or ())
        features = read_published(layout, len(embeddings.ids), names, derive_splits=derive_splits)
    write_features(out, features)
    if embeddings is not None:
        write_class_embeddings(out / "embeddings.npz", embeddings)
    describe_features(features)
    typer.echo(f"Wrote {out}" + (f" and {out / 'embeddings.npz'}" if embeddings is not None else ""))


def _refuse_others(context: typer.Context, source: Path) -> None:
    """Refuse options of other kinds of sources, which would do nothing."""
    if not is_flora(source):
        refuse_ignored(context, ("dataset",), f"is of a Flora archive (.npz), which {source} is not; leave it out")
    if is_smie(source) or is_flora(source) or is_xlsa17(source):
        ours = ("text", "text_encoder", "name", "derive_splits")
        refuse_ignored(context, ours, f"is of a folder with sk_feats/, which {source} is not; leave it out")


def _import_smie(source: Path, out: Path) -> None:
    """A SMIE split as clips.npz, split.json and, where its language file is found, embeddings.npz."""
    clips = read_clip_set(source)
    unseen = smie_unseen(clips)
    with atomic_folder(out, ("clips.npz", "split.json", "embeddings.npz")) as new:
        write_clips_file(new / "clips.npz", clips)
        write_json(new / "split.json", {"unseen": list(unseen)})
        language = language_file(source)
        if language is not None:
            texts = ClassTexts(tuple(range(len(clips.class_names))), clips.class_names, ((),) * len(clips.class_names))
            write_class_embeddings(new / "embeddings.npz", precomputed_embeddings(language, texts))
    describe_clips(clips)
    said = language.name if language is not None else "no file of class vectors found"
    typer.echo(f"{len(unseen)} unseen classes; {said}; its parts stand for the subjects (--train-subjects train)")
    typer.echo(f"Wrote {out}")


def _chosen(found: tuple[PublishedLayout, ...], name: str | None) -> PublishedLayout:
    named = {f"{layout.encoder}_{layout.dataset}_{layout.unseen}": layout for layout in found}
    if name is None and len(named) == 1:
        return found[0]
    if name not in named:
        raise SadvaeError(f"the folder holds {', '.join(named)}; choose one with --name.")
    return named[name]


def _names(dataset: str, count: int) -> tuple[str, ...] | None:
    full = FULL_NAMES.get(dataset, dataset)
    if full not in dataset_names():
        return None
    names = class_texts(full).names
    return names if len(names) == count else None
