"""PostgreSQL: what it needs to keep the promises that SQLite's settings keep by themselves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection

# Any constant does, as long as nothing else in that database takes the same advisory lock.
_WRITE_LOCK = 7_305_001
_PLAIN = ("postgres", "postgresql")
_DRIVER = "postgresql+psycopg"
_NO_PRIVILEGE = "42501"
_LOCK_TIMEOUT = "55P03"
# A broken connection, a server that stops or starts, a lock that others hold: Appendix A of its
# manual, error codes.
_PASSING = ("08", "57P0", "55P03", "40P01", "40001")

# A snapshot for all of a transaction would be taken before the write lock is, and be out of date.
WRITING: dict[str, Any] = {"isolation_level": "READ COMMITTED", "pool_pre_ping": True}
READING: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def with_driver(url: URL) -> URL:
    """A URL that names no driver gets the one that the extra `postgres` installs."""
    return url.set(drivername=_DRIVER) if url.drivername in _PLAIN else url


def take_write_lock(connection: Connection) -> None:
    """Hold the one write lock until the transaction's end.

    A sequence alone gives numbers in the order of asking, not of committing. The lock goes after
    the rows are visible, so whoever sees a position has seen or can see all before it.
    """
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")


def prepare_session(connection: Any, wait_seconds: float) -> None:
    """Make a commit durable whatever the server's default, and no wait for a lock endless."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(wait_seconds * 1000)}")
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] == "off":
            cursor.execute("SET synchronous_commit = on")
    # Otherwise the first rollback would take the settings back.
    connection.commit()


def is_refusal(error: BaseException) -> bool:
    """Whether the server knows this user and does not let them do it."""
    return getattr(error, "sqlstate", None) == _NO_PRIVILEGE


def is_away(error: BaseException) -> bool:
    """Whether it is PostgreSQL's driver that says so, and the server may be there again soon."""
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    if "psycopg.OperationalError" not in kinds:
        return False
    # Whoever could not connect, or was cut off, got no code.
    code = getattr(error, "sqlstate", None)
    return code is None or code.startswith(_PASSING)


def hint(error: BaseException) -> str:
    """What to do about a failure."""
    if is_refusal(error):
        return "grant that user the right to create and write tables in that database"
    if getattr(error, "sqlstate", None) == _LOCK_TIMEOUT:
        return "another process holds the write lock for long; try again"
    return "check that the server runs and that DSPYUI_STORE__URL names it, then try again"
