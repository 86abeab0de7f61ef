"""A trained skeleton encoder: its network, and everything that is needed to use it and to trust it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from sadvae.encoders.architectures import Network, new_network
from sadvae.encoders.settings import EncoderSettings
from sadvae.encoders.training_report import TrainingReport
from sadvae.errors import SadvaeError
from sadvae.files import atomic_folder, hash_each, read_bytes, read_json, write_json
from sadvae.types import EncoderTrace, Layout
from sadvae.weights import filled

FORMAT = "sadvae-encoder-1"
FILES = ("config.json", "model.safetensors")
MAX_WEIGHTS = 2**32
# As many as a layout file may have (skeleton/layouts.py); graphs take the square of it.
MOST_JOINTS = 1000


@dataclass(frozen=True, eq=False)
class TrainedEncoder:
    """A network that no longer changes.

    layout: the skeleton that it reads. class_count: columns of its logits, one per class id. steps: the preprocessing
    that its clips went through. trace: the classes, subjects and clips that it was trained on.
    report: how its training went; None for encoders that do not say.
    """

    settings: EncoderSettings
    layout: Layout
    class_count: int
    steps: tuple[str, ...]
    trace: EncoderTrace
    network: Network
    report: TrainingReport | None = None

    def describe(self) -> dict[str, Any]:
        """Everything but its weights, as JSON."""
        return {
            "format": FORMAT,
            "settings": self.settings.model_dump(mode="json"),
            "layout": asdict(self.layout),
            "class_count": self.class_count,
            "steps": list(self.steps),
            "trace": asdict(self.trace),
            "report": self.report.model_dump(mode="json") if self.report else None,
        }

    def weights(self) -> dict[str, Tensor]:
        """Its weights by name."""
        return {name: tensor.contiguous() for name, tensor in self.network.state_dict().items()}

    def digest(self) -> str:
        """A sha256 over its weights, in hexadecimal: which of the encoders of one training set it is."""
        return hash_each(tensor.detach().cpu().numpy() for tensor in self.weights().values())

    def save(self, folder: Path) -> None:
        """Write config.json and model.safetensors; the folder appears whole or not at all."""
        with atomic_folder(Path(folder), FILES) as new:
            write_json(new / "config.json", self.describe())
            (new / "model.safetensors").write_bytes(save(self.weights()))

    def is_saved(self, folder: Path) -> bool:
        """Whether save() has written this very encoder there."""
        try:
            about = read_json(Path(folder) / "config.json")
            weights = read_bytes(Path(folder) / "model.safetensors", MAX_WEIGHTS)
        except SadvaeError:
            return False
        # Through JSON, which knows no tuples.
        return about == json.loads(json.dumps(self.describe())) and weights == save(self.weights())

    @staticmethod
    def load(folder: Path) -> TrainedEncoder:
        """Read the folder that save() writes. Raises SadvaeError if it is missing, foreign or damaged."""
        folder = Path(folder)
        about = read_json(folder / "config.json")
        data = read_bytes(folder / "model.safetensors", MAX_WEIGHTS)
        try:
            return TrainedEncoder.restore(about, load(data), folder)
        except (SafetensorError, LookupError, OverflowError, TypeError, ValueError, RuntimeError) as error:
            first = (str(error).splitlines() or ["unreadable"])[0]
            raise SadvaeError(f"{folder} is not a skeleton encoder of sadvae ({first}); pretrain again.") from error

    @staticmethod
    def restore(about: dict[str, Any], weights: dict[str, Tensor], where: Path) -> TrainedEncoder:
        """The encoder that describe() and weights() were taken from; `where` names the source in errors.

        Raises SadvaeError for another format, and errors of all kinds where `about` and `weights` are none of ours.
        """
        if about["format"] != FORMAT:
            raise SadvaeError(f"{where} has format {about['format']!r}; this version reads {FORMAT!r}.")
        return _restored(about, weights)


def is_encoder(folder: Path) -> bool:
    """Whether a folder says that it holds one encoder."""
    try:
        about = read_json(Path(folder) / "config.json")
    except SadvaeError:
        return False
    return isinstance(about, dict) and about.get("format") == FORMAT


def _restored(about: dict[str, Any], weights: dict[str, Tensor]) -> TrainedEncoder:
    settings = EncoderSettings.model_validate(about["settings"])
    layout = _layout(about["layout"])
    classes = int(about["class_count"])
    network = filled(lambda: new_network(settings, layout, classes), weights)
    saw = about["trace"]
    trace = EncoderTrace(str(saw["name"]), tuple(saw["classes"]), tuple(saw["subjects"]), tuple(saw["clip_ids"]))
    return TrainedEncoder(
        settings,
        layout,
        classes,
        tuple(about["steps"]),
        trace,
        network.requires_grad_(False).eval(),
        TrainingReport.model_validate(about["report"]) if about.get("report") else None,
    )


def _layout(value: dict[str, Any]) -> Layout:
    first, second = value["hips"], value["shoulders"]
    if len(value["joints"]) > MOST_JOINTS:
        raise ValueError(f"its layout has {len(value['joints'])} joints; at most {MOST_JOINTS} are known")
    return Layout(
        str(value["name"]),
        tuple(value["joints"]),
        tuple((int(a), int(b)) for a, b in value["bones"]),
        (int(first[0]), int(first[1])),
        int(value["spine"]),
        (int(second[0]), int(second[1])),
    )
