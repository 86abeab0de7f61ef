"""Compare text modes on held-out seen classes of real feature packs; test classes are never looked at.

    python benchmarks/text_modes.py PACKS --out results/text_modes.json

Each pack is in the published layout with a calibration level. Ridge and ESZSL are fitted on the calibration level's
training clips, and scored on its held-out classes; the table averages over packs and seeds.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from sadvae.evaluation.selection import zsl_accuracy
from sadvae.features.published import find_layouts, read_published
from sadvae.files import write_json
from sadvae.methods.eszsl import ESZSL
from sadvae.methods.protocol import Method
from sadvae.methods.ridge import RidgeNearestText
from sadvae.task import ZeroShotTask
from sadvae.text.class_lists import class_texts
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import TextEncoder, load_text_encoder
from sadvae.text.prompts import MODES

DATASETS = {"utd": "utd_mhad", "msr": "msr_action3d"}
METHODS: dict[str, Method] = {"ridge": RidgeNearestText(), "eszsl": ESZSL()}


def calibration_task(pack: Path, encoder: TextEncoder, mode: str, cache: Path | None) -> ZeroShotTask:
    """The calibration level of a pack with our texts under one mode."""
    layout = find_layouts(pack)[0]
    texts = class_texts(DATASETS[layout.dataset])
    vectors = embed_classes(texts, encoder, mode=mode, cache=cache)
    lower = read_published(layout, len(texts.ids), texts.names).task(vectors).calibration
    if lower is None:
        raise SystemExit(f"{pack} has no calibration level")
    return lower


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/text_modes.json"))
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    encoder, rows = load_text_encoder(arguments.encoder), []
    for pack in sorted(path for path in arguments.packs.iterdir() if path.is_dir()):
        for mode in MODES:
            task = calibration_task(pack, encoder, mode, arguments.cache)
            for name, method in METHODS.items():
                scores = [100 * zsl_accuracy(method.fit(task, seed), task) for seed in range(arguments.seeds)]
                rows.append({"pack": pack.name, "mode": mode, "method": name, "zsl": round(float(np.mean(scores)), 2)})
    write_json(arguments.out, {"level": "calibration", "encoder": encoder.name, "rows": rows})
    print_table(rows)


def print_table(rows: list[dict]) -> None:
    """Mean and standard error over packs, by mode and method, in percent."""
    for mode in MODES:
        cells = []
        for name in METHODS:
            scores = [row["zsl"] for row in rows if (row["mode"], row["method"]) == (mode, name)]
            error = np.std(scores, ddof=1) / np.sqrt(len(scores))
            cells.append(f"{name} {np.mean(scores):.1f} ({error:.1f})")
        print(f"{mode:20} {'  '.join(cells)}")


if __name__ == "__main__":
    main()
