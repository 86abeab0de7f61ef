"""NTU RGB+D `.skeleton` files: per frame the bodies that a Kinect v2 saw, one line of 12 numbers a joint."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sadvae.files import read_bytes
from sadvae.skeleton.ntu_bodies import Sightings, places, tracks, two_actors
from sadvae.skeleton.ntu_lines import sightings_by_line
from sadvae.skeleton.ntu_scan import sightings_at_once
from sadvae.skeleton.recording import RawFormat

MAX_BYTES = 256 * 2**20


def read_ntu_file(path: Path) -> np.ndarray:
    """The joints of one file: float64 [person, frame, 25, 3], metres, the one or two bodies that ntu_bodies keeps.

    A frame without a body is all zero; a file without any body gives one all-zero body (one frame at least).
    Raises SadvaeError that names the faulty line, or the file if it has too many frames.
    """
    seen = read_sightings(path)
    return two_actors(tracks(seen), seen.count, str(path))


def read_ntu_places(path: Path) -> np.ndarray:
    """As read_ntu_file, but nothing is dropped or joined: up to four bodies by their place in each frame."""
    return places(read_sightings(path), str(path))


def read_sightings(path: Path) -> Sightings:
    """All bodies of a file. One of the usual spacing is scanned as a whole; any other, or a faulty one, line by line.

    Raises SadvaeError that names the faulty line, or the file if it has too many frames.
    """
    data = read_bytes(path, MAX_BYTES)
    return sightings_at_once(data) or sightings_by_line(data, str(path))


NTU = RawFormat(
    name="ntu",
    title="NTU RGB+D",
    suffix=".skeleton",
    pattern=r"S\d{3}C\d{3}P(?P<subject>\d{3})R\d{3}A(?P<action>(?!000)\d{3})\.skeleton",
    classes=120,
    layout="kinect-v2",
    read=read_ntu_file,
    read_all=read_ntu_places,
)
