"""Coverage-guided fuzzing of every reader, by hand: `python tests/fuzz/fuzz_readers.py --runs 200000 [NAME ...]`.

Needs atheris (pip install atheris), which is no dependency of the project. Each reader runs in a process of its own, on
files in memory, from the sample of tests/unit/format_files.py and the cases in tests/fuzz/corpus. Warnings count as
errors. Inputs on which a reader raises anything but SadvaeError are put in tests/fuzz/corpus/NAME, which
tests/unit/test_mutations.py replays; counts go to results/fuzz.json.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
CORPUS = Path(__file__).resolve().parent / "corpus"
SHARED = Path("/dev/shm")
RESULTS = ROOT / "results" / "fuzz.json"
SECONDS_AN_INPUT = 10
MEGABYTES = 2048


def main() -> None:
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("names", nargs="*")
    words.add_argument("--runs", type=int, default=200_000)
    words.add_argument("--one", help=argparse.SUPPRESS)
    words.add_argument("--out", type=Path, default=RESULTS)
    given = words.parse_args()
    if given.one:
        fuzz(given.one, given.runs, given.out)
        return
    from tests.unit.format_files import SAMPLES

    for name in given.names or SAMPLES:
        command = [sys.executable, __file__, "--one", name, "--runs", str(given.runs), "--out", str(given.out)]
        done = subprocess.run(command, capture_output=True, text=True)
        record = read_results(given.out).get(name)
        print(name, record if record and done.returncode == 0 else done.stderr[-3000:], flush=True)


def read_results(path: Path) -> dict[str, dict[str, object]]:
    return json.loads(path.read_text()) if path.is_file() else {}


def fuzz(name: str, runs: int, out: Path) -> None:
    """Run one reader on `runs` inputs, then note the counts and leave."""
    import atheris

    with atheris.instrument_imports(include=["sadvae"]):  # pyright: ignore[reportAttributeAccessIssue]
        from sadvae.errors import SadvaeError
        from tests.unit.format_files import SAMPLES

    warnings.simplefilter("error")
    folder = Path(tempfile.mkdtemp(dir=SHARED if SHARED.is_dir() else None))
    make, read = SAMPLES[name]
    path = make(folder)
    good = path.read_bytes()
    outcomes: Counter[str] = Counter()
    found: dict[str, str] = {}
    start = time.perf_counter()

    def one(data: bytes) -> None:
        path.write_bytes(packed(data, good))
        try:
            read(path)
            outcomes["read"] += 1
        except SadvaeError as error:
            outcomes["refused"] += 1
            if "\n" in str(error) or not str(error).strip():
                note(name, path, "not one sentence", found)
        except Exception as error:
            outcomes["other"] += 1
            last = traceback.extract_tb(error.__traceback__)[-1]
            note(name, path, f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}", found)
        if sum(outcomes.values()) >= runs:
            seconds = round(time.perf_counter() - start, 1)
            record = {"inputs": runs, **outcomes, "seconds": seconds, "found": found}
            out.write_text(json.dumps(read_results(out) | {name: record}, indent=1) + "\n")

    seeds = Path(tempfile.mkdtemp(dir=folder.parent))
    for seed in (good, *members(good), *(p.read_bytes() for p in sorted((CORPUS / name).glob("*")))):
        (seeds / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    longest = max(2 * len(good), 256)
    flags = [
        f"-runs={runs}",
        f"-max_len={longest}",
        f"-timeout={SECONDS_AN_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={CORPUS / name}/",
    ]
    atheris.Setup([sys.argv[0], *flags, "-verbosity=0", "-seed=1", str(seeds)], one)
    atheris.Fuzz()


def members(good: bytes) -> list[bytes]:
    """The arrays in an archive, to be changed one by one: a changed archive fails its checksums."""
    if good[:2] != b"PK":
        return []
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        return [bytes([number]) + archive.read(info) for number, info in enumerate(archive.infolist())]


def packed(data: bytes, good: bytes) -> bytes:
    """The file of an input: for archives, input that is none stands for the member of its first byte."""
    if good[:2] != b"PK" or data[:2] == b"PK" or not data:
        return data
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as archive, zipfile.ZipFile(made, "w") as new:
        infos = archive.infolist()
        for number, info in enumerate(infos):
            new.writestr(info.filename, data[1:] if number == data[0] % len(infos) else archive.read(info))
    return made.getvalue()


def note(name: str, path: Path, what: str, found: dict[str, str]) -> None:
    """Keep the first input of each kind of fault."""
    if what not in found:
        data = path.read_bytes()
        target = CORPUS / name / hashlib.sha256(data).hexdigest()[:16]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        found[what] = target.name


if __name__ == "__main__":
    main()
