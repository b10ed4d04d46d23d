"""The two rights that one process has at a time: to take a turn, and to copy to MLflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from dspyui_core.store.locks import exclusive, turn_lock
from dspyui_core.store.shared_lock import shared_mirror_lock, shared_turn_lock

__all__ = ["right_to_mirror", "right_to_turn"]


@contextmanager
def right_to_turn(home: Path, engine: Engine, program: str) -> Iterator[None]:
    """Hold the one right to run a turn of this program; BusyError where somebody has it."""
    with turn_lock(home / "locks", program), shared_turn_lock(engine, program):
        yield


@contextmanager
def right_to_mirror(home: Path, engine: Engine) -> Iterator[None]:
    """Wait for the one right to copy from the journal to MLflow, and hold it."""
    with exclusive(home / "locks" / "mirror.lock"), shared_mirror_lock(engine):
        yield
