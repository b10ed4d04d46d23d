"""Which files of a home are in its backup."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dspyui_core.upkeep.manifest import LEFT_OUT, MLFLOW, STATE

__all__ = ["File", "databases", "plain_files"]

# Beside a database: its locks, what SQLite keeps in addition, and what it was before an upgrade.
_BESIDE: Final = (".lock", "-wal", "-shm", "-journal")
_BEFORE: Final = f"{STATE}.before-"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a home: its path in it, and where its content is."""

    path: str
    source: Path


def databases(folder: Path) -> list[File]:
    """The databases below a folder, the state first."""
    return [File(name, folder / name) for name in (STATE, MLFLOW) if (folder / name).exists()]


def plain_files(home: Path) -> Iterator[File]:
    """Every file of the home but its databases and what is left out, in a stable order."""
    for folder, below, names in os.walk(home, followlinks=True):
        place = Path(folder)
        if place == home:
            below[:] = [name for name in below if name not in LEFT_OUT]
        below.sort()
        for name in sorted(names):
            file = File((place / name).relative_to(home).as_posix(), place / name)
            if file.path not in LEFT_OUT and _belongs(file):
                yield file


def _belongs(file: File) -> bool:
    if file.path in (STATE, MLFLOW) or file.path.startswith(_BEFORE):
        return False
    return not file.path.endswith(_BESIDE) and file.source.is_file()
