"""State databases for tests that need one: each a copy of one migrated file."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from dspyui_core.store.engine import open_engine


@cache
def _migrated() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_engine(f"sqlite:///{folder / 'state.db'}").dispose()
    return folder / "state.db"


def fresh_database(folder: Path) -> Path:
    """The file of a state database of its own in a folder."""
    return Path(shutil.copy(_migrated(), folder / "state.db"))


@contextmanager
def fresh_engine(folder: Path) -> Iterator[Engine]:
    """A state database of its own in a folder."""
    engine = open_engine(f"sqlite:///{fresh_database(folder)}")
    yield engine
    engine.dispose()
