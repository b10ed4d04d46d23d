"""Locks that homes on several machines share: PostgreSQL's advisory ones, of a session each."""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from dspyui_core.errors import BusyError

__all__ = ["shared_mirror_lock", "shared_opening_lock", "shared_turn_lock"]

# Beside the write lock's number; with two numbers PostgreSQL keeps a space of locks of its own.
_TURN_LOCKS = 7_305_002
_OTHER_LOCKS = 7_305_003
_MIRROR, _OPENING = 1, 2
_WAIT = text("SELECT pg_advisory_lock(:space, :number)")
# What PostgreSQL keeps of an application's name.
_LONGEST_NAME = 63
_HOLDER = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :space AND l.objid = :program"
)


@contextmanager
def shared_turn_lock(engine: Engine, program: str) -> Iterator[None]:
    """Hold the one right to run a turn of this program in this state database.

    On SQLite there is one home, and its file lock is enough. On PostgreSQL the lock belongs to a
    session of its own, and goes with it: when the process ends, however it ends, or when the server
    finds its machine gone. Raises BusyError at once where somebody holds it, naming the machine and
    the process.
    """
    if engine.dialect.name != "postgresql":
        yield
        return
    with _session(engine.url) as connection:
        _take(connection, program)
        yield


@contextmanager
def shared_mirror_lock(engine: Engine) -> Iterator[None]:
    """Wait for the one right to copy from this state database's journal to MLflow, and hold it.

    On SQLite there is one home, and its file lock is enough.
    """
    if engine.dialect.name != "postgresql":
        yield
        return
    with _waited(engine.url, _MIRROR):
        yield


@contextmanager
def shared_opening_lock(url: str) -> Iterator[None]:
    """Wait for the one right to make or upgrade the tables of a PostgreSQL database, and hold it.

    Two hosts that open a fresh one at once would both create them.
    """
    with _waited(make_url(url), _OPENING):
        yield


@contextmanager
def _waited(url: URL, number: int) -> Iterator[None]:
    with _session(url) as connection:
        connection.execute(_WAIT, {"space": _OTHER_LOCKS, "number": number})
        yield


@contextmanager
def _session(url: URL) -> Iterator[Connection]:
    # No pool: a session that goes back to one would keep its lock.
    own = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with own.connect() as connection:
            yield connection
    finally:
        own.dispose()


def _take(connection: Connection, program: str) -> None:
    holder = f"dspyui {socket.gethostname()} process {os.getpid()}"[:_LONGEST_NAME]
    connection.execute(
        text("SELECT set_config('application_name', :name, false)"), {"name": holder}
    )
    key = {"space": _TURN_LOCKS, "program": _number(program)}
    taken = connection.execute(text("SELECT pg_try_advisory_lock(:space, :program)"), key).scalar()
    if not taken:
        by = connection.execute(_HOLDER, {**key, "program": _number(program) % 2**32}).scalar()
        raise BusyError(
            f"a turn of {program!r} is already running ({by or 'elsewhere'})",
            hint="wait until it ends; the lock goes with its process",
        )


def _number(program: str) -> int:
    """A signed 32-bit number for a name; two names that share one only wait for each other."""
    return zlib.crc32(program.encode()) - 2**31
