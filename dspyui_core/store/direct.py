"""Statements by the driver's own cursor: for the few that run with every append.

SQLAlchemy takes longer to prepare them than the database to run them. They run in SQLAlchemy's
transaction, and on the databases that it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

from dspyui_core.store.engine import failure

# SQLite before 3.32 takes at most 999 parameters in one statement.
PER_QUERY = 900


def among(connection: Connection, query: str, *keys: Iterable[str]) -> Iterator[Any]:
    """The rows of a query that has a `{}` where each of the lists of keys goes, after an IN."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    size = PER_QUERY // len(keys)
    for some in zip_longest(*(list(pages(list(each), size)) for each in keys), fillvalue=()):
        marks = (", ".join([mark] * len(each)) or "NULL" for each in some)
        with _cursor(connection) as cursor:
            cursor.execute(query.format(*marks), tuple(chain(*some)))
            found = cursor.fetchall()
        yield from found


def write_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows that have the same columns; of one row its new id where the driver tells it."""
    statement = _insertion(table, tuple(rows[0]), connection.dialect)
    values = [statement.bound(row) for row in rows]
    with _cursor(connection) as cursor:
        if len(values) > 1:
            cursor.executemany(statement.sql, values)
            return 0
        cursor.execute(statement.sql, values[0])
        return getattr(cursor, "lastrowid", None) or 0


def pages(items: Sequence[str], size: int = PER_QUERY) -> Iterator[Sequence[str]]:
    """The items in portions that one statement takes."""
    return (items[start : start + size] for start in range(0, len(items), size))


class _Insertion:
    """An INSERT as a driver takes it; JSON columns get texts, which pass as they are."""

    def __init__(self, table: Table, columns: tuple[str, ...], dialect: Dialect) -> None:
        compiled: Any = insert(table).compile(dialect=dialect, column_keys=list(columns))
        self.sql = str(compiled)
        self._order = compiled.positiontup
        types = {name: table.c[name].type.dialect_impl(dialect) for name in columns}
        processors = {name: kind.bind_processor(dialect) for name, kind in types.items()}
        self._processors = {name: found for name, found in processors.items() if found}

    def bound(self, row: Mapping[str, Any]) -> Any:
        values = dict(row)
        for name, process in self._processors.items():
            values[name] = None if values[name] is None else process(values[name])
        return values if self._order is None else tuple(values[name] for name in self._order)


@lru_cache(maxsize=16)
def _insertion(table: Table, columns: tuple[str, ...], dialect: Dialect) -> _Insertion:
    return _Insertion(table, columns, dialect)


@contextmanager
def _cursor(connection: Connection) -> Iterator[Any]:
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except connection.dialect.loaded_dbapi.Error as error:
        raise failure(connection.engine, error) from error
    finally:
        cursor.close()
