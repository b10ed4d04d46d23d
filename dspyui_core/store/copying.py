"""Copies of SQLite databases that are in use: whole, of one moment, and on disk when made."""

from __future__ import annotations

import filecmp
import itertools
import os
import sqlite3
from contextlib import closing
from pathlib import Path

BUSY_SECONDS = 30.0


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a database that exists, which begins and ends no transaction by itself.

    Raises sqlite3.Error where the file is missing or no database.
    """
    uri = f"{path.resolve().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def copy_database(source: sqlite3.Connection, target: Path) -> None:
    """Copy what a connection sees to a new file; writers go on meanwhile.

    A connection inside a read transaction copies the moment at which that began. Raises
    sqlite3.Error and OSError.
    """
    with closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    sync(target)


def keep_copy(database: Path, name: str) -> Path:
    """Copy a database to `name` beside it, and say where the copy is.

    No copy is overwritten: where the name has another content, the new copy gets a number. Called
    again after a crash, it finds the copy that it made. Raises sqlite3.Error and OSError.
    """
    scratch = database.with_name(f".{name}.part")
    try:
        scratch.unlink(missing_ok=True)
        with closing(connect(database)) as source:
            copy_database(source, scratch)
        kept = next(path for path in _names(database, name) if _is_free(path, scratch))
        scratch.replace(kept)
    finally:
        scratch.unlink(missing_ok=True)
    sync(database.parent)
    return kept


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _names(database: Path, name: str) -> itertools.chain[Path]:
    numbered = (f"{name}.{number}" for number in itertools.count(2))
    return itertools.chain(
        [database.with_name(name)], (database.with_name(other) for other in numbered)
    )


def _is_free(path: Path, scratch: Path) -> bool:
    return not path.exists() or filecmp.cmp(path, scratch, shallow=False)
