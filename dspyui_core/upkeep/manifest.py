"""The manifest of a backup: what is in it and in which state, written as its last member."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from dspyui_core.records import Record
from dspyui_core.storage.derived import DERIVED
from dspyui_core.store.copying import connect

__all__ = [
    "FOLDER",
    "FORMAT",
    "LEFT_OUT",
    "MANIFEST",
    "MLFLOW",
    "STATE",
    "BackedUpFile",
    "Contents",
    "Manifest",
    "contents_of",
]

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
# Where the home's files are in the archive.
FOLDER: Final = "home/"
STATE: Final = "state.db"
MLFLOW: Final = "mlflow/mlflow.db"
# What a home can do without, is made again, or belongs to its running processes.
LEFT_OUT: Final = ("backups", DERIVED, "lm-cache", "locks", "logs", "prefect", "stack.json")

_COUNTS: Final[Mapping[str, str]] = {
    "revision": "select version_num from alembic_version",
    "position": "select coalesce(max(position), 0) from journal",
    "predictions": "select count(*) from journal where kind = 'prediction'",
    "feedback": "select count(*) from journal where kind = 'feedback'",
    "turns": "select count(*) from turn",
    "decisions": "select count(*) from decision",
}
_CHAMPIONS: Final = (
    "select program, version from decision d where version is not null and seq = "
    "(select max(seq) from decision where program = d.program and verdict = 'promote') "
    "order by program"
)
_VERSIONS: Final = "select count(*) from model_versions"


class BackedUpFile(Record):
    """A file of the home: its path in it, its size in bytes and the hash of its content."""

    path: str
    bytes: int
    sha256: str


class Contents(Record):
    """The state that a home is in; `position` is the journal's last, `champions` the ledger's.

    `versions` counts the registered versions of all models.
    """

    revision: str
    position: int
    predictions: int
    feedback: int
    turns: int
    decisions: int
    versions: int
    champions: Mapping[str, int]


class Manifest(Record):
    """What a backup says of itself; `home` is where the home was, `elsewhere` what is not in it."""

    format: int
    at: datetime
    core_version: str
    home: str
    contents: Contents
    elsewhere: tuple[str, ...]
    files: tuple[BackedUpFile, ...]


def contents_of(home: Path) -> Contents:
    """Look into the databases below a folder that nobody writes to. Raises sqlite3.Error."""
    state: dict[str, Any] = {
        name: _rows(home / STATE, query)[0][0] for name, query in _COUNTS.items()
    }
    mlflow = home / MLFLOW
    versions = _rows(mlflow, _VERSIONS)[0][0] if mlflow.exists() else 0
    champions = dict(_rows(home / STATE, _CHAMPIONS))
    return Contents(**state, versions=versions, champions=champions)


def _rows(database: Path, query: str) -> list[Any]:
    with closing(connect(database)) as connection:
        return connection.execute(query).fetchall()
