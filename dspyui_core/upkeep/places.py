"""Where the parts of a home are: what lies outside of it, and MLflow's addresses after a move."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from dspyui_core.errors import InputError, Problem, StoreError
from dspyui_core.settings import Settings
from dspyui_core.store.copying import connect
from dspyui_core.upkeep.manifest import MLFLOW, STATE

__all__ = ["foreign_mlflow", "foreign_state", "move_places", "refuse_elsewhere"]

_ARTIFACTS: Final = (
    "select artifact_uri from runs where lifecycle_stage = 'active' union "
    "select storage_location from model_versions"
)


def foreign_state(settings: Settings) -> str:
    """The address of a state database that is not the home's own file, else an empty text."""
    return _foreign(settings.store_url(), settings.home.resolve() / STATE)


def foreign_mlflow(settings: Settings) -> str:
    """The address of an MLflow that is not the home's own file, else an empty text."""
    return _foreign(settings.tracking_uri(), settings.home.resolve() / MLFLOW)


def refuse_elsewhere(settings: Settings, *, partial: bool) -> tuple[str, ...]:
    """What a backup of the home cannot have, with its address.

    Raises InputError where it is the state database, or anything without `partial`.
    """
    state = foreign_state(settings)
    mlflow = foreign_mlflow(settings)
    problems = [_problem("the state database", state)] if state else []
    home = settings.home.resolve()
    outside = [_problem("MLflow", mlflow)] if mlflow else _artifact_problems(home)
    if datasets := settings.dataset_address():
        outside.append(_problem("the dataset versions", datasets))
    if problems or (outside and not partial):
        tools = "pg_dump, mlflow's server, the object store's versions"
        hint = f"use the tools of their own ({tools}) with a copy of the home"
        more = "" if state else ", or --partial to back up the rest"
        raise InputError(
            "a part of the state is not in the home", [*problems, *outside], hint=f"{hint}{more}"
        )
    return tuple(f"{problem.column}: {problem.value}" for problem in outside)


def move_places(mlflow: Path, old: Path, new: Path) -> int:
    """Let everything in MLflow's database that begins with one home's path begin with another's.

    Any text column may hold one; returns how many values changed. Raises sqlite3.Error.
    """
    pairs = list(_written(old, new)) if old != new else []
    with closing(connect(mlflow)) as connection:
        connection.execute("begin")
        changed = sum(
            _move(connection, table, column, *pair)
            for table, column in list(_texts(connection))
            for pair in pairs
        )
        connection.execute("commit")
    return changed


def _artifact_problems(home: Path) -> list[Problem]:
    places = _foreign_artifacts(home)
    what = f"the artifacts of {len(places)} runs and versions"
    return [_problem(what, f"{places[0]} and so on")] if places else []


def _problem(what: str, place: str) -> Problem:
    return Problem(what, "is elsewhere", place)


def _foreign_artifacts(home: Path) -> list[str]:
    """Addresses of runs and versions that a home's MLflow keeps outside of the home, sorted.

    Raises StoreError where its database cannot be read.
    """
    if not (home / MLFLOW).exists():
        return []
    try:
        with closing(connect(home / MLFLOW)) as connection:
            places = [place for (place,) in connection.execute(_ARTIFACTS) if place]
    except sqlite3.Error as error:
        message = f"{home / MLFLOW} cannot be read: {error}"
        raise StoreError(message, hint="look at it with: dspyui doctor") from error
    own = (f"{home.as_uri()}/", f"{home}/")
    return sorted(place for place in places if not place.startswith(own))


def _written(old: Path, new: Path) -> Iterator[tuple[str, str]]:
    """How a path is written, with what it becomes: a URI, a path, a path in a dataset's source."""
    yield f"{old.as_uri()}/", f"{new.as_uri()}/"
    yield f"{old}/", f"{new}/"
    source = '{"uri": '
    yield f"{source}{json.dumps(f'{old}/')[:-1]}", f"{source}{json.dumps(f'{new}/')[:-1]}"


def _texts(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Every column of every table, as SQL writes its name, that may hold a text."""
    tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (table,) in tables:
        for _, column, kind, *_ in connection.execute(f'pragma table_info("{table}")'):
            if any(word in kind.upper() for word in ("CHAR", "TEXT", "CLOB", "JSON")):
                yield f'"{table}"', f'"{column}"'


def _move(connection: sqlite3.Connection, table: str, column: str, old: str, new: str) -> int:
    cut = f"substr({column}, 1, {len(old)})"
    moved = connection.execute(
        f"update {table} set {column} = ? || substr({column}, {len(old) + 1}) where {cut} = ?",
        (new, old),
    )
    return moved.rowcount


def _foreign(url: str, own: Path) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError:
        return url.rsplit("@", 1)[-1]
    if parsed.get_backend_name() != "sqlite":
        return parsed.render_as_string(hide_password=True)
    return "" if Path(parsed.database or "").resolve() == own else parsed.render_as_string()
