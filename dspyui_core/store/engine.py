"""How the state database is opened: connections, transactions and what its failures mean.

`engine.begin()` is a write transaction: it holds the one write lock from its first moment, so
numbers drawn inside it appear to readers in that order. `reading(engine)` takes no lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, ProgrammingError

from dspyui_core.errors import StoreError
from dspyui_core.store import postgres
from dspyui_core.store.entries import to_json
from dspyui_core.store.forking import Pool, survive_forks
from dspyui_core.store.locks import exclusive, unless_held
from dspyui_core.store.schema import ensure_schema

BUSY_SECONDS = 30.0
_READING = "dspyui_reading"


def open_engine(url: str) -> Engine:
    """Open the state database at an SQLAlchemy URL, created and upgraded to this schema.

    It may be used in threads, and on both sides of a fork. Raises StoreError where the place is not
    writable, the file is no database, the driver is missing, or the schema is newer than this code.
    """
    engine = _engine(_parsed(url))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _explain)
    event.listen(engine, "connect", _durable if is_sqlite(engine) else _prepared)
    survive_forks(engine)
    try:
        # The switch to WAL does not wait for another process's switch.
        with _line(engine, "opening"):
            ensure_schema(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for reads only: one snapshot, waiting for no writer and delaying none."""
    with engine.connect() as connection:
        own = {} if is_sqlite(engine) else postgres.READING
        connection.execution_options(**{_READING: True}, **own)
        yield connection


def is_sqlite(engine: Engine) -> bool:
    """Whether the state database is a file of this home."""
    return engine.dialect.name == "sqlite"


@contextmanager
def queued(engine: Engine) -> Iterator[Connection]:
    """`engine.begin()` for who writes often: SQLite's writers of many processes stand in line.

    Without it each of them polls for the write lock, with growing waits, and some wait for
    seconds while others write.
    """
    with line(engine), engine.begin() as connection:
        yield connection


@contextmanager
def line(engine: Engine, *, wait: bool = True) -> Iterator[bool]:
    """Stand in the line of SQLite's writers until it is this one's turn.

    Who does not `wait` is told whether nobody stood there.
    """
    if not is_sqlite(engine):
        yield True
    elif wait:
        with _line(engine, "writing", seconds=BUSY_SECONDS):
            yield True
    else:
        with unless_held(_lock_file(engine.url.database or "", "writing")) as is_free:
            yield is_free


def _parsed(url: str) -> URL:
    try:
        return postgres.with_driver(make_url(url))
    except ArgumentError as error:
        raise StoreError(
            f"not a database URL: {url!r}", hint="write it like sqlite:////absolute/path/state.db"
        ) from error


def _engine(url: URL) -> Engine:
    # A server's threads each use a connection for a moment; to open one costs more than to use it.
    options: dict[str, Any] = {
        "json_serializer": to_json,
        "poolclass": Pool,
        "pool_size": 16,
        "max_overflow": 48,
        "pool_use_lifo": True,
    }
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": BUSY_SECONDS}
    elif url.get_backend_name() == "postgresql":
        options |= postgres.WRITING
    try:
        return create_engine(url, **options)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(
            f"no driver for the database {url.drivername!r}: {error}",
            hint="install the driver the URL names (for PostgreSQL: the extra `postgres`), "
            "or leave the URL out to use SQLite",
        ) from error


@contextmanager
def _line(engine: Engine, what: str, *, seconds: float | None = None) -> Iterator[None]:
    """On SQLite, one process at a time."""
    if not is_sqlite(engine):
        yield
        return
    with exclusive(_lock_file(engine.url.database or "", what), seconds=seconds):
        yield


@lru_cache(maxsize=64)
def _lock_file(database: str, what: str) -> Path:
    path = Path(database)
    return path.with_name(f"{path.name}.{what}.lock")


def _durable(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would open transactions by itself, too late and without the lock.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _prepared(connection: Any, _record: object) -> None:
    postgres.prepare_session(connection, BUSY_SECONDS)


def _begin(connection: Connection) -> None:
    """Take the write lock first: then commits happen in the order in which positions are drawn."""
    is_read = connection.get_execution_options().get(_READING, False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql" and not is_read:
        postgres.take_write_lock(connection)


def _explain(context: ExceptionContext) -> None:
    """Turn a database failure into a StoreError; a broken constraint stays what it is."""
    if context.is_pre_ping:
        return  # The pool learns that this connection is dead, and takes another.
    cause = context.original_exception
    is_ours = isinstance(context.sqlalchemy_exception, (IntegrityError, ProgrammingError))
    if is_ours and not postgres.is_refusal(cause):
        return
    if isinstance(cause, (TypeError, ValueError)):
        raise StoreError(
            f"a value cannot be stored: {cause}",
            hint="payloads, refs and reports are JSON with finite numbers, times carry a zone",
        ) from cause
    if isinstance(cause, _database_errors(context)):
        raise failure(context.engine, cause) from cause


def failure(engine: Engine | None, cause: BaseException) -> StoreError:
    """What a driver's error means to whoever uses the state database."""
    of_a_file = engine is None or is_sqlite(engine)
    hint = _hint(str(cause)) if of_a_file else postgres.hint(cause)
    return StoreError(f"the state database {_place(engine)} failed: {cause}", hint=hint)


def _database_errors(context: ExceptionContext) -> type[BaseException]:
    error: type[BaseException] = context.dialect.loaded_dbapi.Error
    return error


def _place(engine: Engine | None) -> str:
    if engine is None:
        return "(unknown)"
    url = engine.url
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string()


def _hint(message: str) -> str:
    if "locked" in message:
        return "another process holds the write lock for long; try again"
    if "not a database" in message or "malformed" in message:
        return "move that file away or restore a backup"
    if "full" in message:
        return "free some space on that disk"
    return "check that the file and its folder are writable, or set DSPYUI_HOME to one that is"
