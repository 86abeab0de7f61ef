"""An ONNX graph opened for use on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sadvae.errors import SadvaeError
from sadvae.files import read_bytes

# Protocol buffers hold no more.
MAX_GRAPH = 2**31


class Graph:
    """One graph. It is read from its bytes, so that it cannot refer to other files."""

    def __init__(self, path: Path) -> None:
        """Raises SadvaeError without onnxruntime, and for a file that is missing or is no graph that it can run."""
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise SadvaeError(
                f"{path.parent} holds ONNX graphs, which need onnxruntime; run `pip install onnxruntime tokenizers`."
            ) from error
        data = read_bytes(path, MAX_GRAPH)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session: Any = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has errors of its own that share no base
            raise SadvaeError(f"{path} is not an ONNX graph that can be run ({_first_line(error)}).") from error
        self._path = path

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        """The outputs in their order. Raises SadvaeError where the graph does not take such inputs."""
        try:
            return self._session.run(None, inputs)
        except Exception as error:  # as above
            raise SadvaeError(f"{self._path} cannot take what it was asked ({_first_line(error)}).") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
