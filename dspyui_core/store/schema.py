"""The schema revision of a state database: which one it has, and the upgrade to ours."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, column, false, inspect, select, table, update

import dspyui_core.store.migrations.versions as migrations
from dspyui_core.errors import StoreError
from dspyui_core.store.copying import keep_copy

# Kept here so that opening a current database imports no Alembic; a test ties it to the files.
HEAD = "0004"
_SCRIPTS = "dspyui_core.store:migrations"
_VERSION = table("alembic_version", column("version_num"))
_LOG = logging.getLogger("dspyui")


def ensure_schema(engine: Engine) -> None:
    """Bring the database to HEAD in one write transaction, so a killed upgrade leaves no half.

    A SQLite file of an older revision is first copied to `<file>.before-<HEAD>` beside it.
    Raises StoreError for a revision that this code does not know, for a read-only database, and
    where there is no room for the copy.
    """
    with engine.begin() as connection:
        current = revision(connection)
        if current == HEAD:
            _prove_writable(connection)
        else:
            _upgrade(connection, current)


def revision(connection: Connection) -> str | None:
    """The database's schema revision, or None for a fresh one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(select(_VERSION.c.version_num)).scalar()
    return None if found is None else str(found)


def _prove_writable(connection: Connection) -> None:
    # On a read-only file SQLite starts even BEGIN IMMEDIATE as a read; this write of no row fails.
    connection.execute(update(_VERSION).values(version_num=HEAD).where(false()))


def known_revisions() -> frozenset[str]:
    """Every revision that this code can bring a database to HEAD from, and HEAD."""
    files = Path(next(iter(migrations.__path__))).glob("[0-9]*.py")
    return frozenset(file.stem.split("_")[0] for file in files)


def _upgrade(connection: Connection, current: str | None) -> None:
    # Alembic costs a fifth of a second to import, and almost every open is already at HEAD.
    from alembic import command
    from alembic.config import Config

    if current is not None and current not in known_revisions():
        raise StoreError(
            f"the state database {_place(connection)} has schema revision "
            f"{current!r}, which this version does not know (it knows up to {HEAD!r})",
            hint="install the version of dspyui that wrote it, or set DSPYUI_HOME to another home",
        )
    if current is not None:
        _keep_what_was(connection, current)
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _keep_what_was(connection: Connection, current: str) -> None:
    """Copy a SQLite file as it is under the write lock, so that nothing comes between."""
    upgrading = f"the state database {_place(connection)} is upgraded from {current} to {HEAD}"
    if connection.dialect.name != "sqlite":
        _LOG.warning("%s; it keeps no copy of a server's database", upgrading)
        return
    database = Path(connection.engine.url.database or "")
    try:
        kept = keep_copy(database, f"{database.name}.before-{HEAD}")
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{database} cannot be copied before its upgrade to {HEAD}: {error}",
            hint="free some space on that disk; nothing was changed",
        ) from error
    _LOG.warning("%s; as it was, it is kept in %s", upgrading, kept)


def _place(connection: Connection) -> str:
    url = connection.engine.url
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return url.render_as_string()
