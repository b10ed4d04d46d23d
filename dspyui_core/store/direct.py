"""Appending by the driver's own means: transactions and statements that run with every append.

SQLAlchemy takes longer to prepare them than the database to run them. They use its connections,
its types and its dialects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import Dialect, Engine, Table, insert

from dspyui_core.store.engine import BUSY_SECONDS, failure, is_sqlite, line, queued

# SQLite before 3.32 takes at most 999 parameters in one statement.
PER_QUERY = 900


class Writing:
    """A write transaction that is open, on a driver's connection."""

    def __init__(self, engine: Engine, driver: Any) -> None:
        self._driver = driver
        self.dialect = engine.dialect

    def among(self, query: str, *keys: Iterable[str]) -> Iterator[Any]:
        """The rows of a query with a `{}` where each of the lists of keys goes, after an IN."""
        mark = "?" if self.dialect.paramstyle == "qmark" else "%s"
        size = PER_QUERY // len(keys)
        for some in zip_longest(*(list(pages(list(each), size)) for each in keys), fillvalue=()):
            marks = (", ".join([mark] * len(each)) or "NULL" for each in some)
            with self._cursor() as cursor:
                cursor.execute(query.format(*marks), tuple(chain(*some)))
                found = cursor.fetchall()
            yield from found

    def rows(
        self, table: Table, columns: tuple[str, ...], key: str, keys: Iterable[str]
    ) -> Iterator[dict[str, Any]]:
        """By name, these columns of the rows whose `key` is among the keys."""
        processors = _processors(table, columns, self.dialect)
        query = f"SELECT {', '.join(columns)} FROM {table.name} WHERE {key} IN ({{}})"
        for values in self.among(query, keys):
            yield dict(zip(columns, map(_processed, values, processors), strict=True))

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert rows that have the same columns; the new id of a single one, if it is told."""
        statement = _insertion(table, tuple(rows[0]), self.dialect)
        values = [statement.bound(row) for row in rows]
        with self._cursor() as cursor:
            if len(values) > 1:
                cursor.executemany(statement.sql, values)
                return 0
            cursor.execute(statement.sql, values[0])
            return getattr(cursor, "lastrowid", None) or 0

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        cursor = self._driver.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


@contextmanager
def writing(engine: Engine, *, wait: bool = True) -> Iterator[Writing | None]:
    """A write transaction in its turn, as `queued` gives one.

    Who does not `wait` gets None where somebody else writes, and always on a database server.
    Raises StoreError where the database fails, and where something else than the flywheel writes
    and the transaction does not wait.
    """
    try:
        if is_sqlite(engine):
            with line(engine, wait=wait) as is_free, _of_sqlite(engine, is_free, wait) as found:
                yield found
        elif not wait:
            yield None
        else:
            with queued(engine) as connection:
                yield Writing(engine, connection.connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise failure(engine, error) from error


@contextmanager
def _of_sqlite(engine: Engine, is_free: bool, wait: bool) -> Iterator[Writing | None]:
    if not is_free:
        yield None
        return
    driver = engine.raw_connection()
    try:
        _begin(driver, wait)
        try:
            yield Writing(engine, driver)
        except BaseException:
            driver.rollback()
            raise
        driver.commit()
    finally:
        driver.close()


def _begin(driver: Any, wait: bool) -> None:
    with closing(driver.cursor()) as cursor:
        if wait:
            cursor.execute("BEGIN IMMEDIATE")
            return
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            cursor.execute("BEGIN IMMEDIATE")
        finally:
            cursor.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")


def pages(items: Sequence[str], size: int = PER_QUERY) -> Iterator[Sequence[str]]:
    """The items in portions that one statement takes."""
    return (items[start : start + size] for start in range(0, len(items), size))


class _Insertion:
    """An INSERT as a driver takes it; JSON columns get texts, which pass as they are."""

    def __init__(self, table: Table, columns: tuple[str, ...], dialect: Dialect) -> None:
        compiled: Any = insert(table).compile(dialect=dialect, column_keys=list(columns))
        self.sql = str(compiled)
        self._order = compiled.positiontup
        kinds = {name: table.c[name].type.dialect_impl(dialect) for name in columns}
        self._processors = [(n, kinds[n].bind_processor(dialect)) for n in self._order or columns]

    def bound(self, row: Mapping[str, Any]) -> Any:
        values = [_processed(row[name], process) for name, process in self._processors]
        if self._order is not None:
            return values
        return {name: value for (name, _), value in zip(self._processors, values, strict=True)}


def _processed(value: Any, process: Callable[[Any], Any] | None) -> Any:
    return value if process is None or value is None else process(value)


@lru_cache(maxsize=16)
def _insertion(table: Table, columns: tuple[str, ...], dialect: Dialect) -> _Insertion:
    return _Insertion(table, columns, dialect)


@lru_cache(maxsize=16)
def _processors(table: Table, columns: tuple[str, ...], dialect: Dialect) -> tuple[Any, ...]:
    kinds = [table.c[name].type.dialect_impl(dialect) for name in columns]
    return tuple(kind.result_processor(dialect, None) for kind in kinds)
