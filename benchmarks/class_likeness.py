"""Which classes of several data sets are most alike by their words: `python benchmarks/class_likeness.py`.

What [data.joining] merges and leaves out was set by reading this list (docs/general.md); no clip is looked at.
"""

from __future__ import annotations

from itertools import combinations

from sadvae.joining import part_texts
from sadvae.settings import JoiningSettings, PartSettings
from sadvae.text.encoders import load_text_encoder
from sadvae.text.merging import class_list, may_be_one

DATASETS = ("utd_mhad", "msr_action3d", "generated")


def main() -> None:
    """Print likeness and names of all pairs that are close, the most alike first; * where sides tell them apart."""
    encoder = load_text_encoder(JoiningSettings().encoder)
    lists = [class_list(name, part_texts(PartSettings(dataset=name)), encoder) for name in DATASETS]
    pairs = [
        (float(likeness), f"{name} ({one.dataset})", f"{other} ({two.dataset})", may_be_one(name, other))
        for one, two in combinations(lists, 2)
        for row, name in zip(one.vectors @ two.vectors.T, one.texts.names, strict=True)
        for likeness, other in zip(row, two.texts.names, strict=True)
    ]
    for likeness, name, other, free in sorted(pairs, reverse=True):
        if likeness >= JoiningSettings().close:
            print(f"{likeness:.3f} {name} ~ {other}{'' if free else ' *'}")


if __name__ == "__main__":
    main()
