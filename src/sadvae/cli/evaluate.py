"""`sadvae evaluate`: score a trained method on the test clips of a features folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sadvae.cli.show import percent, scores_table
from sadvae.evaluation.evaluate import evaluate
from sadvae.features.folder import read_features
from sadvae.files import write_json
from sadvae.methods.store import read_trained
from sadvae.methods.trained_on import check_scored_on, trained_on
from sadvae.text.embed import read_class_embeddings
from sadvae.text.fitting import check_vectors

HELP = """Score a trained method: ZSL, S, U, H, and a table by class.

Example: `sadvae evaluate trained features embeddings.npz --out evaluation.json`

The features must be of the data set, the seen and unseen classes and the training clips that the method was trained on;
other texts by the same encoder and mode are taken.
"""


def command(
    trained: Annotated[Path, typer.Argument(help="Folder from `sadvae train`.")],
    features: Annotated[Path, typer.Argument(help="Features folder.")],
    embeddings: Annotated[Path, typer.Argument(help="Embeddings file.")],
    out: Annotated[Path, typer.Option(help="Evaluation file to write (JSON).")] = Path("evaluation.json"),
) -> None:
    """Evaluate, print both tables, and write the evaluation."""
    found, kept = read_features(features), read_trained(trained)
    vectors = read_class_embeddings(embeddings)
    check_vectors(vectors, found.class_names, path=embeddings, whose=f"{features} ({found.dataset})")
    task = found.task(vectors)
    paths = {"trained": trained, "features": features, "texts": embeddings}
    now = trained_on(found.dataset, task)
    check_scored_on(kept.trained_on, now, found.class_names, **paths)
    if now.text_hash != kept.trained_on.text_hash:
        typer.echo(f"{embeddings} holds other texts than {trained} was trained with, by the same encoder and mode.")
    result = evaluate(
        kept.trained,
        kept.gate,
        task,
        found.class_names,
        method=kept.method,
        preset=kept.preset,
        selection=kept.selection,
        epoch=kept.epoch,
    )
    write_json(out, result.model_dump(mode="json"))
    console = Console(soft_wrap=True, emoji=False)
    console.print(scores_table([result], f"{found.dataset}, split {task.split.name} (%)"))
    table = Table("class", "", "clips", "ZSL", "GZSL", title="By class (%)", title_justify="left")
    for c in result.classes:
        table.add_row(
            escape(c.name),
            "seen" if c.seen else "unseen",
            str(c.count),
            percent(c.zsl_accuracy),
            percent(c.gzsl_accuracy),
        )
    console.print(table)
    typer.echo(f"Wrote {out}")
