"""Compacting: a SQLite file rewritten without what was deleted from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from dspyui_core.errors import StoreError
from dspyui_core.store.locks import exclusive

WAIT_SECONDS = 30.0


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLAlchemy URL of SQLite, None for any other and for one in memory."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    database = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return None if database in (None, "", ":memory:") else Path(str(database))


def sqlite_bytes(file: Path) -> int:
    """The bytes of a SQLite file and its write-ahead log, 0 where there is none."""
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def compact(path: Path) -> bool:
    """Rewrite a SQLite file and empty its write-ahead log, so that deleted bytes are gone.

    Readers and writers wait for it meanwhile. False where somebody uses the file for so long that
    deleted bytes may still be in it or its log.
    """
    opened = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
    try:
        with closing(opened) as connection, _line(path):
            connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (StoreError, sqlite3.OperationalError) as error:
        if "locked" in str(error) or "busy" in str(error):
            return False
        raise
    return not busy


@contextmanager
def _line(path: Path) -> Iterator[None]:
    """Stand in the line of those who write to the state database; another one has none."""
    line = path.with_name(f"{path.name}.writing.lock")
    with exclusive(line, seconds=WAIT_SECONDS) if line.exists() else nullcontext():
        yield
