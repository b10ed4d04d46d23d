"""Storage: folders of small whole files, on this disk or in an object store that hosts share."""

from __future__ import annotations

from pathlib import Path

from dspyui_core.storage.derived import Derived
from dspyui_core.storage.folder import Folder, LocalFolder
from dspyui_core.storage.objects import ObjectFolder, require_bucket

__all__ = [
    "Derived",
    "Folder",
    "LocalFolder",
    "ObjectFolder",
    "Place",
    "folder_at",
    "place_of",
    "require_bucket",
]

Place = Path | ObjectFolder


def place_of(address: str | None, local: Path) -> Place:
    """The folder of an object store where an address is given, else the local one."""
    return local if address is None else ObjectFolder(address)


def folder_at(place: Place) -> Folder:
    """The folder at a place; a path is one of this disk."""
    return LocalFolder(place) if isinstance(place, Path) else place
