"""`sadvae embed`: class names and descriptions to vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sadvae.cli.names import dataset_of, file_of, names_of
from sadvae.files import check_apart
from sadvae.report.words import counted
from sadvae.text.class_lists import class_texts, read_class_texts
from sadvae.text.embed import embed_classes, precomputed_embeddings, write_class_embeddings
from sadvae.text.encoders import load_text_encoder
from sadvae.types import ClassTexts

HELP = """Turn the class texts of a data set, or of your own list, into vectors.

Example: `sadvae embed utd_mhad --out embeddings.npz`

Your own list is a JSON file: [{"name": "wave", "descriptions": ["One hand swings from side to side."]}, ...], or a file
with a name a line.
"""


def command(
    classes: Annotated[
        str, typer.Argument(help="Data set with built-in class texts, or a file of your own: JSON, or a name a line.")
    ],
    out: Annotated[Path, typer.Option(help="Embeddings file to write.")] = Path("embeddings.npz"),
    encoder: Annotated[
        str, typer.Option(help="minilm, or a sentence-BERT or CLIP model: folder or hub name.")
    ] = "minilm",
    mode: Annotated[
        str,
        typer.Option(
            help="names, prompts, movement, names+movement, descriptions or names+descriptions; each also +words."
        ),
    ] = "descriptions+words",
    array: Annotated[
        Path | None, typer.Option(help="Take these vectors ([class, d] .npy) in place of an encoder's.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps embeddings by text, model and hash.")] = None,
) -> None:
    """Embed and say how many vectors were written."""
    texts = _texts(classes)
    check_apart(out, *filter(None, (file_of(classes), array)))
    if array is not None:
        embeddings = precomputed_embeddings(array, texts)
    else:
        embeddings = embed_classes(texts, load_text_encoder(encoder), mode=mode, cache=cache)
    write_class_embeddings(out, embeddings)
    size = f"{counted(len(embeddings.ids), 'class')}, {embeddings.vectors.shape[1]} dimensions"
    typer.echo(f"Wrote {out}: {size}, {embeddings.encoder}")


def _texts(classes: str) -> ClassTexts:
    """The names and descriptions of a file, or of a data set."""
    file = file_of(classes)
    if file is None:
        return class_texts(dataset_of(classes) or classes)
    if file.suffix.lower() == ".json":
        return read_class_texts(file)
    names = names_of(classes)
    return ClassTexts(tuple(range(len(names))), tuple(names), ((),) * len(names))
