"""Experiments of several data sets: the same split alone, and with the training clips of others."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.toml_text import entry, line

# For each data set that tests, endings of file names and what trains too.
ADDED: dict[str, dict[str, tuple[str, ...]]] = {
    "utd_mhad": {"": (), "_msr": ("msr_action3d",), "_msr_generated": ("msr_action3d", "generated")},
    "msr_action3d": {"": (), "_utd": ("utd_mhad",), "_utd_generated": ("utd_mhad", "generated")},
}
SPLITS = 5
# Whether more data sets help is asked of the epoch that held-out classes pick.
RULES = [line("selection", "held_out_classes"), line("selections", ["last_step", "oracle_test"])]
# Closed formulas, which cost next to nothing.
BASELINES = ["eszsl", "cca"]


def several(dataset: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(ending of the file name, other data sets) of each file of a split."""
    yield from ADDED[dataset].items()


def added(datasets: tuple[str, ...]) -> list[list[str]]:
    """The blocks that name the other data sets; of each, the training people of its own protocol train."""
    return [entry("[data.more]", {"dataset": name, "train_subjects": "odd"}) for name in datasets]
