"""Copies of a home's databases that agree with each other, made while others write to both."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from dspyui_core.errors import StoreError
from dspyui_core.mlflow_tracking import TURN_TAG
from dspyui_core.promotion.projecting import PROJECTED
from dspyui_core.store.copying import connect, copy_database
from dspyui_core.upkeep.manifest import MLFLOW, STATE

__all__ = ["stage_databases"]

_TRIES: Final = 50
_PAUSE_SECONDS: Final = 0.1
_DECIDED: Final = (
    "select (select max(seq) from decision), "
    "(select coalesce(sum(position), 0) from watermark where consumer = ?)"
)
_ALIASES: Final = "registered_model_aliases"
_TURN_RUNS: Final = "select run_uuid, value from tags where key = ?"
_GIVEN: Final = "select name, seq from sqlite_sequence where name = 'journal'"

_Rows = Sequence[Sequence[Any]]


def stage_databases(home: Path, folder: Path, *, with_mlflow: bool) -> None:
    """Copy the state of one moment, and what MLflow had at that moment, into a folder.

    MLflow is copied after the state, so that it has all the state refers to. What it got meanwhile
    is taken back where it would be taken for something else: aliases are those of the state's
    moment, and the run of a turn that the state does not know is deleted. Positions that the
    journal gave meanwhile are not given again. Raises StoreError where a database cannot be read.
    """
    with _reading(home):
        aliases = _copy_state(home, folder / STATE)
        if with_mlflow and (home / MLFLOW).exists():
            _copy_mlflow(home / MLFLOW, folder / MLFLOW, aliases, _turns(folder / STATE))
        _spend_positions(home / STATE, folder / STATE)


def _copy_state(home: Path, target: Path) -> _Rows:
    """Copy one moment of the state; returns the aliases of that moment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(connect(home / STATE)) as pinned:
        aliases = _pinned_aliases(home, pinned)
        copy_database(pinned, target)
    return aliases


def _pinned_aliases(home: Path, pinned: sqlite3.Connection) -> _Rows:
    """Hold a moment of the state in which nobody decides while the aliases are read."""
    with closing(connect(home / STATE)) as live:
        for _ in range(_TRIES):
            pinned.execute("begin")
            decided = _decided(pinned)
            aliases = _aliases(home / MLFLOW)
            if _decided(live) == decided:
                return aliases
            pinned.execute("rollback")
            time.sleep(_PAUSE_SECONDS)
    raise StoreError(
        f"somebody decides about champions all the time in {home}",
        hint="try again; nothing was written",
    )


def _decided(state: sqlite3.Connection) -> _Rows:
    """The last decision, and how far the decisions have reached the aliases."""
    return state.execute(_DECIDED, [PROJECTED]).fetchall()


def _copy_mlflow(source: Path, target: Path, aliases: _Rows, turns: frozenset[str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(connect(source)) as live:
        copy_database(live, target)
    with closing(connect(target)) as copy:
        unknown = [
            (run,) for run, turn in copy.execute(_TURN_RUNS, [TURN_TAG]) if turn not in turns
        ]
        copy.execute("begin")
        copy.executemany("update runs set lifecycle_stage = 'deleted' where run_uuid = ?", unknown)
        copy.execute(f"delete from {_ALIASES}")
        if aliases:
            places = ", ".join("?" * len(aliases[0]))
            copy.executemany(f"insert into {_ALIASES} values ({places})", aliases)
        copy.execute("commit")


def _aliases(mlflow: Path) -> _Rows:
    if not mlflow.exists():
        return ()
    with closing(connect(mlflow)) as live:
        return live.execute(f"select * from {_ALIASES}").fetchall()


def _turns(state: Path) -> frozenset[str]:
    with closing(connect(state)) as copy:
        return frozenset(turn for (turn,) in copy.execute("select turn_id from turn"))


def _spend_positions(source: Path, target: Path) -> None:
    """MLflow may have entries that the copied journal has not; their positions are taken."""
    with closing(connect(source)) as live, closing(connect(target)) as copy:
        given = live.execute(_GIVEN).fetchall()
        copy.execute("begin")
        copy.execute("delete from sqlite_sequence where name = 'journal'")
        copy.executemany("insert into sqlite_sequence (name, seq) values (?, ?)", given)
        copy.execute("commit")


@contextmanager
def _reading(home: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"a database of the home {home} cannot be copied: {error}",
            hint="dspyui doctor says what is wrong with it; nothing was written",
        ) from error
