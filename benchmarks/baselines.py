"""Score the baselines at the test level of the real feature packs, as feature_packs.py scores SA-DVAE.

    python benchmarks/baselines.py PACKS --out results/baselines.json --seeds 5 6 7

Their numbers are the defaults, chosen without test clips (choose_baselines.py). Rows of an earlier report are kept, so
that a stopped run goes on. Methods of verbs and nouns are run for the names ("lb"), as they read no other text.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from feature_packs import load_task, score, summary, with_parts

from sadvae.files import read_json, write_json
from sadvae.methods.baselines import BASELINES, baseline
from sadvae.methods.protocol import needs_parts


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/baselines.json"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 6, 7])
    parser.add_argument("--methods", nargs="+", default=list(BASELINES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = read_json(arguments.out)["rows"] if arguments.out.is_file() else []
    known = {(row["pack"], row["text"], row["seed"], row["method"]) for row in rows}
    for pack in sorted(path for path in arguments.packs.iterdir() if path.is_dir()):
        dataset = "utd_mhad" if pack.name.startswith("utd") else "msr_action3d"
        for text in ("lb", "motion"):
            task = with_parts(load_task(pack, text), dataset)
            for seed in arguments.seeds:
                for name in arguments.methods:
                    method = baseline(name)
                    found = {"pack": pack.name, "text": text, "seed": seed}
                    if (*found.values(), name) in known or (needs_parts(method) and text != "lb"):
                        continue
                    rows.append(found | score(task, name, method, "max_probability", seed))
        write_json(arguments.out, {"summary": summary(rows), "rows": rows})
        print(pack.name, summary(rows), flush=True)


if __name__ == "__main__":
    main()
