"""The list of experiment files in docs/: what each is of, and what is published for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from experiments.literature import published_results
from sadvae.settings import ExperimentSettings, read_experiment
from sadvae.stages import division_for
from sadvae.text.class_lists import class_texts
from sadvae.types import ClassSplit

BEGIN, END = "<!-- files: written by experiments/make.py -->", "<!-- end of files -->"
HEAD = "| file | classes seen / unseen / held out | published: ZSL (S / U / H), epoch picked on test |\n|---|---|---|"


def overview(page: str, root: Path, paths: Iterable[Path]) -> str:
    """The page with its table written anew between the two marks. paths: the experiment files, on disk."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [
        _row(root, path)
        for path in sorted(paths)
        if path.parent.name not in ("ablations", "general") and not _many(path)
    ]
    many = [
        "| `utd_mhad/random_22_5_00.toml` to `_19` | 22 / 5 / 5 | |",
        "| `msr_action3d/random_15_5_0.toml` to `_9` | 15 / 5 / 5 | |",
    ]
    return before + "\n".join([BEGIN, HEAD, *rows, *many, END]) + after


def _many(path: Path) -> bool:
    return path.stem.startswith(("random_22_5", "random_15_5"))


def split_of(settings: ExperimentSettings) -> ClassSplit:
    """The class split of an experiment's own data set, whatever others it trains with."""
    own = settings.data.model_copy(update={"more": ()})
    return division_for(settings.split, own, class_texts(own.dataset).names).split


def _row(root: Path, path: Path) -> str:
    settings = read_experiment(path)
    split = split_of(settings)
    sizes = " / ".join(str(len(ids)) for ids in (split.seen, split.unseen, split.validation_unseen))
    return f"| `{path.relative_to(root)}` | {sizes} | {_published(settings)} |"


def _published(settings: ExperimentSettings) -> str:
    stated = published_results(settings.data.dataset, settings.split.name, settings.name.endswith("_descriptions"))
    return "; ".join(_result(result) for result in stated)


def _result(result: dict[str, Any]) -> str:
    zsl = f"{result['method']} {result['zsl']:g}"
    parts = [f"{result[name]:g}" for name in ("seen", "unseen") if name in result]
    mean = [f"{result['harmonic_mean']:g}"] if "harmonic_mean" in result else []
    if len(parts) == 2:
        return f"{zsl} ({' / '.join(parts + mean)})"
    return f"{zsl} (H {mean[0]})" if mean else zsl
