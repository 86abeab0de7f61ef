"""Run the experiment files of NTU RGB+D and PKU-MMD on generated features of the real sizes, one seed each.

    python -m benchmarks.validate_protocols --out results/protocols.json

Whoever has no such data sees here that each file runs, on how many clips, in what time and memory. Scores are those of
generated features: they show that classes and texts are not mixed up, and say nothing of a method on real motion. The
methods are SA-DVAE (ours and as published), ridge and ESZSL, or with --all those of the file. Each file runs in a
process of its own, so that its peak memory is its own. Files that --out holds already are not run again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks.generated_features import generated_features
from sadvae.experiment import run_experiment
from sadvae.features.folder import write_features
from sadvae.files import read_json, write_json
from sadvae.record import RunRecord
from sadvae.sensor_names import PUBLISHED_COUNTS
from sadvae.settings import ExperimentSettings, PresetSettings, read_experiment
from sadvae.splits.reader import load_split
from sadvae.stages import texts_for
from sadvae.text.embed import embed_classes
from sadvae.text.encoders import load_text_encoder

ROOT = Path(__file__).resolve().parents[1] / "experiments"
# Training and test clips of all classes, cross-subject.
COUNTS = {
    "pku51": (18_841, 2_704),
    "ntu60": PUBLISHED_COUNTS["ntu60"]["ntu60-xsub"],
    "ntu120": PUBLISHED_COUNTS["ntu120"]["ntu120-xsub"],
}


def silent(stage: str, done: int, total: int, note: str = "") -> None:
    """Progress for nobody."""


def validate(path: Path, epochs: int | None, everything: bool) -> dict[str, Any]:
    """Run one file on generated features; what a reader wants to know of the run."""
    settings = read_experiment(path)
    if not everything:
        compare = tuple(entry for entry in settings.compare if entry.name == "published")
        settings = settings.model_copy(update={"compare": compare, "baselines": ("ridge", "eszsl")})
    if epochs:
        settings = shortened(settings, epochs)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_generated(Path(folder) / "features", settings)
        made = time.perf_counter()
        run = run_experiment(settings, Path(folder) / "features", Path(folder) / "run", 0, silent)
        seconds = {"generation": made - start, **run.seconds}
    return described(run.record, seconds, epochs)


def write_generated(folder: Path, settings: ExperimentSettings) -> None:
    """A features folder of the real size, whose classes lie as the texts of the experiment's main method do."""
    data, text = settings.data, settings.text
    vectors = embed_classes(texts_for(data), load_text_encoder(text.encoder), mode=text.mode).vectors
    split = load_split(data.dataset, settings.split.name)
    write_features(folder, generated_features(data.dataset, split, vectors, COUNTS[data.dataset]))


def shortened(settings: ExperimentSettings, epochs: int) -> ExperimentSettings:
    """The same experiment with this many passes over the data for every method that makes passes."""

    def changed(method: PresetSettings) -> PresetSettings:
        return PresetSettings(preset=method.preset, changes=method.changes | {"epochs": epochs})

    compare = tuple(e.model_copy(update={"method": changed(e.method)}) for e in settings.compare)
    return settings.model_copy(update={"method": changed(settings.method), "compare": compare})


def described(record: RunRecord, seconds: dict[str, float], epochs: int | None) -> dict[str, Any]:
    """Counts, time, memory and scores of a record, in percent, under the rule that counts."""
    counted = [e for e in record.evaluations if e.selection == record.selection]
    scores = {
        e.entry or e.method: {
            "zsl": round(100 * e.zsl_accuracy, 1),
            "harmonic_mean": None if e.harmonic_mean is None else round(100 * e.harmonic_mean, 1),
        }
        for e in counted
    }
    return {
        "split": record.split,
        "epochs": epochs or "as in the file",
        "classes": {"seen": len(record.seen), "unseen": len(record.unseen), "held_out": len(record.validation_unseen)},
        "clips": record.counts,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "peak_memory_mb": record.peak_memory_mb,
        "chance": round(100 * counted[0].chance, 1),
        "scores": scores,
        "allow": record.allow,
    }


def line(name: str, found: dict[str, Any]) -> str:
    """One line of the table that is printed."""
    clips, main = found["clips"], next(iter(found["scores"].values()))
    counts = "/".join(str(clips[f"test.{part}"]) for part in ("train", "test_seen", "test_unseen"))
    return (
        f"{name:44} {counts:>20} clips {sum(found['seconds'].values()):7.1f} s {found['peak_memory_mb']:7.0f} MiB   "
        f"ZSL {main['zsl']:5.1f} (chance {found['chance']:4.1f})  H {main['harmonic_mean']}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="experiment files (default: all of NTU and PKU-MMD)")
    parser.add_argument("--epochs", type=int, help="passes over the data, for a quicker look (default: the files')")
    parser.add_argument("--all", action="store_true", help="all methods of each file")
    parser.add_argument("--out", type=Path, default=Path("results/protocols.json"))
    arguments = parser.parse_args()
    paths = arguments.files or [path for dataset in COUNTS for path in sorted((ROOT / dataset).glob("*.toml"))]
    found = read_json(arguments.out) if arguments.out.is_file() else {}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for path in paths:
            name = f"{path.parent.name}/{path.stem}"
            if name not in found:
                found[name] = pool.submit(validate, path, arguments.epochs, arguments.all).result()
                write_json(arguments.out, dict(sorted(found.items())))
            print(line(name, found[name]), flush=True)


if __name__ == "__main__":
    main()
