"""Forgetting answers: the cache on disk is emptied as a whole, for its questions are hashed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from dspyui_core.store.compacting import WAIT_SECONDS, compact


def clear_cache(cache_dir: Path) -> bool:
    """Remove every answer from the cache in a folder; False where there was none.

    Who has the cache open goes on using it; what such a process remembers in its own memory ends
    with the process.
    """
    databases = list(cache_dir.glob("*/cache.db"))
    for database in databases:
        with closing(sqlite3.connect(database, timeout=WAIT_SECONDS)) as connection, connection:
            connection.execute("DELETE FROM Cache")
        # Large answers are files of their own.
        for answer in database.parent.rglob("*.val"):
            answer.unlink(missing_ok=True)
        compact(database)
    return bool(databases)
