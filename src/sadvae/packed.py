"""How much a packed archive may hold, so that a small file cannot fill the memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

from sadvae.errors import SadvaeError

# An archive may not claim more content than the larger of these: bytes, and times the size of its file. So a small file
# cannot fill the memory: deflate packs zeros 1030 times, while clips padded with zeros are packed 5 to 50 times.
FREE_CONTENT = 256 * 2**20
MAX_COMPRESSION = 100


def check_content(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise SadvaeError where the archive in that file claims far more content than packed numbers have."""
    size, content = path.stat().st_size, sum(info.file_size for info in archive.infolist())
    most = max(FREE_CONTENT, MAX_COMPRESSION * size)
    if content > most:
        raise SadvaeError(
            f"{path} claims {content} bytes of content; at most {most} are read from {size} packed ones: it may be "
            "damaged, or else write it with np.savez, which does not pack."
        )
