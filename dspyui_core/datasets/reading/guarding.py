"""Guarding: what is no data file, or more than memory holds, is refused before it is read."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from dspyui_core.errors import DatasetError

MEGABYTE: Final = 1_048_576
# A file that is read whole takes several times its size in memory.
LARGEST_WHOLE: Final = 256 * MEGABYTE
# No cell that a person or a program wrote is longer; a file of zeros has no line end at all.
LONGEST_LINE: Final = 64 * MEGABYTE


def require_file(path: Path) -> int:
    """The size of a regular file in bytes.

    Raises DatasetError for a pipe, a device or a socket, which may never end, and for a folder;
    FileNotFoundError and other OSErrors are the caller's to tell.
    """
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise DatasetError(
            f"{path} cannot be read: it is a folder", hint="name a file that you may read"
        )
    if not stat.S_ISREG(found.st_mode):
        raise DatasetError(
            f"{path} cannot be read: it is {_kind(found.st_mode)} and may never end",
            hint="write its content to a file, and name that",
        )
    return found.st_size


def require_whole(path: Path, *, hint: str) -> None:
    """Raise DatasetError for a file that is too large to be read whole, and what `require_file`."""
    size = require_file(path)
    if size > LARGEST_WHOLE:
        raise DatasetError(
            f"{path} has {size // MEGABYTE:,} MB, and {LARGEST_WHOLE // MEGABYTE} MB are the most "
            "that is read at once",
            hint=hint,
        )


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
