"""A bound on the memory of a process, and whether an error means that it was met."""

from __future__ import annotations

from pathlib import Path

_OF_TORCH = ("not enough memory", "can't allocate memory", "out of memory")


def limit_memory(more_bytes: int) -> None:
    """Let this process take at most so much address space beyond what it has; only Linux can do that."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    most = pages * resource.getpagesize() + more_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def ran_out(error: Exception) -> bool:
    """Whether an error says that memory could not be had: Python's own, or PyTorch's RuntimeError."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _OF_TORCH)
    )
