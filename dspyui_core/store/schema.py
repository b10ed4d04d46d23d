"""The schema revision of a state database: which one it has, and the upgrade to ours."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, column, false, inspect, select, table, update

from dspyui_core.errors import StoreError

# Kept here so that opening a current database imports no Alembic; a test ties it to the files.
HEAD = "0002"
_SCRIPTS = "dspyui_core.store:migrations"
_VERSION = table("alembic_version", column("version_num"))


def ensure_schema(engine: Engine) -> None:
    """Bring the database to HEAD in one write transaction, so a killed upgrade leaves no half.

    Raises StoreError for a revision that this code does not know and for a read-only database.
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


def _upgrade(connection: Connection, current: str | None) -> None:
    # Alembic costs a fifth of a second to import, and almost every open is already at HEAD.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"the state database {connection.engine.url.render_as_string()} has schema revision "
            f"{current!r}, which this version does not know (it knows up to {HEAD!r})",
            hint="install the version of dspyui that wrote it, or set DSPYUI_HOME to another home",
        )
    command.upgrade(config, "head")
