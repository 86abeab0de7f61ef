"""Which kernels MKL takes for torch's matrix products: those of a recording's processor, on another one.

MKL, which multiplies for torch on x86, chooses kernels by the maker of the processor. Those of another maker sum in
another order, and three hundred steps of Adam turn the last bit of a float32 into the third digit of a weight. So a
recording can be repeated to its last digits only with the kernels that it was made with. On Linux a process can ask for
them before its first product: the function that tells MKL the maker is made to give a fixed answer.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import sys
from pathlib import Path

import torch

# By name: whether MKL is to take the processor for one of Intel, and the instructions that it is held to.
KERNELS = {"intel": (True, ""), "intel-avx2": (True, "AVX2"), "other": (False, "")}
_READ, _WRITE, _EXECUTE = 1, 2, 4


def available() -> bool:
    """Whether this process can choose: torch with MKL on Linux and x86-64."""
    return _maker_check() is not None


def take(name: str) -> None:
    """Have MKL take the kernels of that name from now on; to be called before the first matrix product.

    Raises RuntimeError where available() is False.
    """
    address = _maker_check()
    if address is None:
        raise RuntimeError("kernels can be chosen with torch's MKL on Linux and x86-64 alone.")
    is_intel, instructions = KERNELS[name]
    for inherited in ("MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR"):
        os.environ.pop(inherited, None)
    if instructions:
        os.environ["MKL_ENABLE_INSTRUCTIONS"] = instructions
    # mov eax, 0 or 1; ret
    code = bytes([0xB8, is_intel, 0, 0, 0, 0xC3])
    page = address - address % mmap.PAGESIZE
    length = address + len(code) - page
    _protect(page, length, _READ | _WRITE | _EXECUTE)
    ctypes.memmove(address, code, len(code))
    _protect(page, length, _READ | _EXECUTE)


def _maker_check() -> int | None:
    """The address of the function that MKL asks whether the processor is one of Intel."""
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    if sys.platform != "linux" or platform.machine() != "x86_64" or not torch.backends.mkl.is_available():
        return None
    try:
        return ctypes.cast(ctypes.CDLL(str(library)).mkl_serv_intel_cpu_true, ctypes.c_void_p).value
    except (OSError, AttributeError):
        return None


def _protect(page: int, length: int, how: int) -> None:
    if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(page), ctypes.c_size_t(length), how):
        raise RuntimeError(f"the system does not let MKL's kernels be chosen ({os.strerror(ctypes.get_errno())}).")
