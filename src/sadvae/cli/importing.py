"""`sadvae import`: published feature folders to a features folder and class embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae.cli.check import describe_features
from sadvae.errors import SadvaeError
from sadvae.features.folder import write_features
from sadvae.features.published import PublishedLayout, find_layouts, read_published, read_texts
from sadvae.text.class_lists import class_texts, dataset_names
from sadvae.text.embed import write_class_embeddings

HELP = """Read a feature folder in the layout that SynSE and SA-DVAE published.

Example: `sadvae import resources --text lb --out features`

Writes a features folder, and the published text features in it as embeddings.npz. What the encoder was trained on is
not said in that layout, so the features carry the allowance `unknown_encoder`, and so does every record made of them.
"""


def command(
    folder: Annotated[Path, typer.Argument(help="Published folder with sk_feats, label_splits and text_feats.")],
    out: Annotated[Path, typer.Option(help="Features folder to write.")] = Path("features"),
    text: Annotated[str, typer.Option(help="Text features: lb, ad, md, chat or others there; joined by _.")] = "lb",
    text_encoder: Annotated[str | None, typer.Option(help="Folder of text features, where there are several.")] = None,
    name: Annotated[str | None, typer.Option(help="ENCODER_DATASET_UNSEEN, where there are several.")] = None,
    derive_splits: Annotated[
        bool, typer.Option(help="Take seen classes from the unseen lists (for faulty seen lists).")
    ] = False,
) -> None:
    """Import and say what the folder holds."""
    layout = _chosen(find_layouts(folder), name)
    embeddings = read_texts(layout, text, text_encoder)
    names = _names(layout.dataset, len(embeddings.ids))
    features = read_published(layout, len(embeddings.ids), names, derive_splits=derive_splits)
    write_features(out, features)
    write_class_embeddings(out / "embeddings.npz", embeddings)
    describe_features(features)
    typer.echo(f"Wrote {out} and {out / 'embeddings.npz'}")


def _chosen(found: tuple[PublishedLayout, ...], name: str | None) -> PublishedLayout:
    named = {f"{layout.encoder}_{layout.dataset}_{layout.unseen}": layout for layout in found}
    if name is None and len(named) == 1:
        return found[0]
    if name not in named:
        raise SadvaeError(f"the folder holds {', '.join(named)}; choose one with --name.")
    return named[name]


def _names(dataset: str, count: int) -> tuple[str, ...] | None:
    full = {"utd": "utd_mhad", "msr": "msr_action3d"}.get(dataset, dataset)
    if full not in dataset_names():
        return None
    names = class_texts(full).names
    return names if len(names) == count else None
