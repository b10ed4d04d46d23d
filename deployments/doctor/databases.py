"""Databases: the state and MLflow's, opened to read, never made and never upgraded."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from deployments.doctor.finding import Finding
from dspyui_core.errors import StoreError
from dspyui_core.store.postgres import with_driver
from dspyui_core.store.schema import HEAD, known_revisions, revision

HTTP_SECONDS = 3.0
REVISION = "select version_num from alembic_version"
ASIDE = "move that file away or restore a backup"


@dataclass(frozen=True, slots=True)
class StateDatabase:
    """The state database at an SQLAlchemy URL."""

    url: str
    name: str = "state database"

    def run(self) -> Finding:
        """Read its schema revision."""
        path = sqlite_file(self.url)
        if path is not None and not os.access(path, os.F_OK):
            return Finding(self.name, "ok", f"{path}, which will be made")
        try:
            current = revision_of(self.url)
        except StoreError as error:
            return Finding(self.name, "fail", error.message, ASIDE if path else "check the address")
        shown = _shown(self.url)
        if current is None:
            return Finding(self.name, "warn", f"{shown} is empty", "the next command fills it")
        if current == HEAD:
            return Finding(self.name, "ok", f"{shown}, schema {current}")
        if current in known_revisions():
            older = f"{shown} has schema {current}; the next command upgrades it to {HEAD}"
            remedy = "it keeps a copy; dspyui backup keeps all" if path else "dump it first"
            return Finding(self.name, "warn", older, remedy)
        newer = f"{shown} has schema {current}, and this version knows up to {HEAD}"
        return Finding(self.name, "fail", newer, "install the version of dspyui that wrote it")


@dataclass(frozen=True, slots=True)
class Mlflow:
    """MLflow's tracking server or database."""

    uri: str
    name: str = "mlflow"

    def run(self) -> Finding:
        """Ask the server, or read the database."""
        if self.uri.startswith(("http://", "https://")):
            return self._server()
        path = sqlite_file(self.uri)
        if path is not None and not os.access(path, os.F_OK):
            return Finding(self.name, "ok", f"{path}, which will be made (some ten seconds)")
        try:
            current = revision_of(self.uri)
        except StoreError as error:
            remedy = "correct DSPYUI_MLFLOW__TRACKING_URI" if path is None else ASIDE
            return Finding(self.name, "fail", error.message, remedy)
        return Finding(self.name, "ok", f"{_shown(self.uri)}, schema {current or 'not made yet'}")

    def _server(self) -> Finding:
        shown = self.uri.rsplit("@", 1)[-1]
        try:
            with urlopen(f"{self.uri.rstrip('/')}/health", timeout=HTTP_SECONDS) as answer:
                return Finding(self.name, "ok", f"{shown} answers HTTP {answer.status}")
        except (URLError, OSError, ValueError) as error:
            remedy = "start it, or correct DSPYUI_MLFLOW__TRACKING_URI"
            return Finding(self.name, "fail", f"{shown} does not answer: {error}", remedy)


@dataclass(frozen=True, slots=True)
class Pickle:
    """Whether MLflow may unpickle models; versions made here never need it."""

    setting: str | None
    name: str = "pickle"

    def run(self) -> Finding:
        """Look at MLFLOW_ALLOW_PICKLE_DESERIALIZATION."""
        variable = "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"
        if self.setting is None or self.setting.lower() in ("false", "0"):
            return Finding(self.name, "ok", f"{variable} is {self.setting or 'not set'}")
        found = f"{variable} is {self.setting}: a model of somebody else's may run code when loaded"
        return Finding(self.name, "warn", found, f"set {variable}=false; no version here needs it")


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL, or None for any other."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    is_sqlite = parsed.get_backend_name() == "sqlite"
    return Path(parsed.database or "") if is_sqlite else None


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, not even the shared memory beside the file.

    Where no write-ahead log is in use, the file is read as one that nobody changes.
    """
    in_use = all(path.with_name(f"{path.name}{part}").exists() for part in ("-wal", "-shm"))
    mode = "mode=ro" if in_use else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=5)


def revision_of(url: str) -> str | None:
    """A database's schema revision, None where it has none. Raises StoreError."""
    path = sqlite_file(url)
    try:
        if path is None:
            return _revision_over_network(url)
        with closing(read_only(path)) as connection:
            tables = connection.execute("select name from sqlite_master").fetchall()
            has_one = ("alembic_version",) in tables
            row = connection.execute(REVISION).fetchone() if has_one else None
            return None if row is None else str(row[0])
    except (sqlite3.Error, SQLAlchemyError, ModuleNotFoundError) as error:
        raise StoreError(f"{_shown(url)} cannot be read: {_first_line(error)}") from None


def _revision_over_network(url: str) -> str | None:
    engine = create_engine(with_driver(make_url(url)))
    try:
        with engine.connect() as connection:
            return revision(connection)
    finally:
        engine.dispose()


def _shown(url: str) -> str:
    """The address without its password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return url.rsplit("@", 1)[-1]
    if parsed.get_backend_name() == "sqlite":
        return parsed.database or ""
    return parsed.render_as_string(hide_password=True)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
