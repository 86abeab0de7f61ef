"""Write a recogniser as a folder of ONNX graphs, and check that they say what the recogniser says."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sadvae.encoders.extract import feature_width
from sadvae.errors import SadvaeError
from sadvae.files import atomic_folder, write_arrays, write_json, write_text
from sadvae.methods.gate import PublishedGateOf
from sadvae.methods.protocol import needs_parts
from sadvae.onnx_export.decision_graph import Decision
from sadvae.onnx_export.encoder_graph import ClipEncoder
from sadvae.onnx_export.text_graph import TokenEncoder, example_tokens, graph_of_text, write_tokenizer
from sadvae.portable.config import FORMAT
from sadvae.portable.graph import Graph
from sadvae.recognizer import Recognizer
from sadvae.text.encoders import load_text_encoder

# Largest difference between a graph and torch that an export may have.
TOLERANCE = 1e-4
FILES = (
    *("config.json", "classes.npz", "tokenizer.json", "README.md"),
    *(f"{graph}.onnx" for graph in ("encoder", "decision", "text")),
)
Shapes = dict[str, tuple[str | int, ...]]


def export_onnx(
    recognizer: Recognizer,
    folder: Path,
    names: Sequence[str] = (),
    *,
    text_model: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Write a folder that sadvae.portable reads: encoder.onnx, decision.onnx, text.onnx, tokenizer.json and settings.

    names: whose text vectors go along, so that they need no text model. text_model: whether the text model goes along,
    so that any names can be asked about. progress: told what is being written. The folder appears whole or not at all.
    Raises SadvaeError where libraries are missing, where the method has no graph, and where a graph differs.
    """
    check_libraries()
    if not names and not text_model:
        raise SadvaeError(
            "without a text model an export knows only the names that are given; give some (--classes), or keep it."
        )
    decision = Decision(recognizer.parts).eval()
    with atomic_folder(Path(folder), FILES) as new:
        progress("encoder")
        _write_encoder(recognizer, new)
        progress("decision")
        _write_decision(recognizer, decision, new)
        tokens = None
        if text_model:
            progress("text model")
            tokens = _write_text(recognizer, new)
        vectors = recognizer.embed(names) if names else np.zeros((0, decision_width(recognizer)), np.float32)
        known = recognizer.known_texts if recognizer.known_texts is not None else np.zeros((0, 0), np.float32)
        write_arrays(
            new / "classes.npz",
            {"names": np.array(list(names), dtype=np.str_), "vectors": vectors, "known_texts": known},
        )
        write_json(new / "config.json", about(recognizer, tokens))
        write_text(new / "README.md", _README.format(names=json.dumps(list(names) or ["squat", "wave the left hand"])))


def check_libraries() -> None:
    """Raise SadvaeError unless what an export needs is installed."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise SadvaeError(
            f"exporting to ONNX needs {error.name}; run `pip install '.[onnx]'` in sadvae's folder."
        ) from error


def about(recognizer: Recognizer, tokens: dict[str, Any] | None) -> dict[str, Any]:
    """config.json of an export (portable/config.py)."""
    config, gate = recognizer.config, recognizer.gate
    published = gate if isinstance(gate, PublishedGateOf) else None
    return {
        "format": FORMAT,
        "version": config.version,
        "dataset": config.dataset,
        "class_names": list(config.class_names),
        "seen": list(config.seen),
        "layout": asdict(recognizer.encoder.layout),
        "prepare": config.prepare.model_dump(mode="json") | {"steps": list(config.prepare.steps)},
        "text_encoder": config.text_encoder,
        "text_mode": config.text_mode,
        "text_width": decision_width(recognizer),
        "parts": needs_parts(recognizer.trained),
        "tokens": tokens,
        "has_gate": gate is not None,
        "has_fit": bool(recognizer.calibration and recognizer.calibration.fit),
        "layouts": list(config.layouts),
        "gate_names": len(published.gate.coefficients) // 2 if published else None,
    }


def decision_width(recognizer: Recognizer) -> int:
    """The width of text vectors that a recogniser reads."""
    if recognizer.known_texts is not None:
        return recognizer.known_texts.shape[1]
    return recognizer.embed(["squat"]).shape[1]


def _write_encoder(recognizer: Recognizer, folder: Path) -> None:
    joints = len(recognizer.encoder.layout.joints)
    module, draw = ClipEncoder(recognizer.encoder).eval(), torch.Generator().manual_seed(0)
    inputs = [torch.randn(body, frame, joints, 3, generator=draw) for body, frame in ((2, 30), (1, 1), (1, 75), (3, 9))]
    write_graph(
        module, folder / "encoder.onnx", {"joints": ("body", "frame", joints, 3)}, [(x,) for x in inputs],
        ("features", "logits"),
    )  # fmt: skip


def _write_decision(recognizer: Recognizer, module: Decision, folder: Path) -> None:
    width, text = feature_width(recognizer.encoder), decision_width(recognizer)
    classes, draw = recognizer.encoder.class_count, torch.Generator().manual_seed(0)
    inputs = []
    for n, k, m in ((3, 4, 5), (1, 1, 1), (2, 7, 30)):
        sizes = ((n, width), (n, classes), (k, text), (m, text))
        features, logits, *vectors = (torch.randn(*size, generator=draw) for size in sizes)
        inputs.append((features.relu(), logits, *(_unit(rows) for rows in vectors)))
    shapes: Shapes = {
        "features": ("clip", width),
        "logits": ("clip", classes),
        "vectors": ("name", text),
        "rivals": ("rival", text),
    }
    write_graph(module, folder / "decision.onnx", shapes, inputs, ("unseen", "seen", "gate", "fits"))


def _unit(rows: Tensor) -> Tensor:
    return rows / rows.norm(dim=1, keepdim=True)


def _write_text(recognizer: Recognizer, folder: Path) -> dict[str, Any]:
    encoder = recognizer.text_encoder or load_text_encoder(recognizer.config.text_encoder)
    module, names, tokens = graph_of_text(encoder)
    write_tokenizer(module.encoder.tokenizer, folder / "tokenizer.json")
    shapes: Shapes = {name: ("text", "token") for name in names}
    with module.plain_attention():
        write_graph(module.eval(), folder / "text.onnx", shapes, [example_tokens(len(names))], ("vectors",))
    return tokens


def write_graph(
    module: nn.Module,
    path: Path,
    shapes: Shapes,
    inputs: Sequence[tuple[Tensor, ...]],
    outputs: Sequence[str],
) -> None:
    """Write a module as an ONNX graph, and check it on inputs, the first of which it is traced with.

    shapes: of each input by name; a side with a name may have any length. Raises SadvaeError if it differs.
    """
    named = {side for shape in shapes.values() for side in shape if isinstance(side, str)}
    sides = {side: torch.export.Dim(side, min=1, max=2**20) for side in sorted(named)}
    free = tuple({i: sides[side] for i, side in enumerate(s) if isinstance(side, str)} for s in shapes.values())
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            module,
            inputs[0],
            str(path),
            input_names=list(shapes),
            output_names=list(outputs),
            # A module that takes *tokens has one argument for torch, a tuple of them.
            dynamic_shapes=(free,) if isinstance(module, TokenEncoder) else free,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    graph = Graph(path)
    for one in inputs:
        with torch.inference_mode():
            expected = module(*one)
        found = graph(**{name: tensor.numpy() for name, tensor in zip(shapes, one, strict=True)})
        largest = max(
            float(np.abs(e.numpy() - f).max())
            for e, f in zip(expected if isinstance(expected, tuple) else (expected,), found, strict=True)
        )
        if not largest <= TOLERANCE:
            raise SadvaeError(f"{path.name} differs from torch by {largest:.1e}; at most {TOLERANCE:g} is accepted.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's notes from the user; then as before."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


_README = """# A recogniser of human actions as ONNX graphs

Written by `sadvae export --to onnx`. It needs NumPy, onnxruntime and tokenizers, and no torch:

    from sadvae.portable.recognizer import PortableRecognizer

    recognizer = PortableRecognizer.load("this/folder")
    recognizer.predict(clip, {names})

`sadvae predict` takes the folder in place of a recogniser's. The graphs (docs/export_onnx.md of sadvae):

- `encoder.onnx`: joints [body, frame, joint, 3], prepared, to features and logits of one clip.
- `decision.onnx`: features, logits and text vectors to probabilities.
- `text.onnx` with `tokenizer.json`: names and sentences to text vectors.
"""
