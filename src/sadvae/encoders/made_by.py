"""Whether features were made by an encoder, before a recogniser is made of both."""

from __future__ import annotations

from pathlib import Path

from sadvae.encoders.extract import feature_width
from sadvae.encoders.trained import TrainedEncoder
from sadvae.errors import SadvaeError
from sadvae.types import FeatureSet


def check_made_by(part: FeatureSet, encoder: TrainedEncoder, *, features: Path, encoders: Path) -> None:
    """Refuse features of another encoder, or of an unknown one; the paths name the two folders in errors.

    A recogniser asks its encoder for features like those that it was trained on. Features of before digests were kept
    are compared by what their encoder was trained on and by their width. Raises SadvaeError.
    """
    if part.encoder is None:
        raise SadvaeError(
            f"{features} does not say which encoder made its features, as imported ones do not, so {encoders} cannot "
            "make a recogniser with them; leave --encoders and --recognizer out, or take features of `sadvae extract`."
        )
    differs = _difference(part, encoder)
    if differs:
        raise SadvaeError(
            f"{features} was not made by the encoders of {encoders}: {differs}; give the encoders that made it, or "
            "extract the features anew."
        )


def _difference(part: FeatureSet, encoder: TrainedEncoder) -> str:
    """In what the encoder is not the one that made these features; "" where nothing tells them apart."""
    width, found = part.features.shape[1], feature_width(encoder)
    if part.encoder != encoder.trace:
        return "its encoder was trained on other classes, subjects or clips"
    if width != found:
        return f"it has {width} dimensions, where they give {found}"
    return "its encoder has other weights" if part.encoder_digest not in ("", encoder.digest()) else ""
