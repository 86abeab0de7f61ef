"""What a run record says of the machine and the software it ran on."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from sadvae import __version__


def versions() -> dict[str, str]:
    """Versions of sadvae, Python and the libraries that move numbers."""
    libraries = ("torch", "numpy", "scikit-learn", "transformers")
    return {"sadvae": __version__, "python": platform.python_version(), **{name: version(name) for name in libraries}}


def git_revision() -> str | None:
    """The revision of the checkout that the code runs from, with "+changes" if it differs; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout.strip()


def peak_memory_mb() -> float:
    """The largest resident memory of this process and of its finished children so far, in MiB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(max(own, children) / unit, 1)
