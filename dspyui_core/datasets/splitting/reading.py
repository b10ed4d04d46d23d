"""Reading the split ledger in parts: how it stands, some places, and what came since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Row, func, select

from dspyui_core.datasets.splitting.ledger import Place
from dspyui_core.store.engine import reading
from dspyui_core.store.erasing import pages
from dspyui_core.store.tables import split as table

__all__ = [
    "Entry",
    "Standing",
    "entries_after",
    "places_of_keys",
    "places_of_numbers",
    "standing",
]

# One place looked up by its key costs as much as reading so many in a row.
_LOOKED_UP: Final = 8
_LEAN: Final = (table.c.seq, table.c.key, table.c.split, table.c.group_key)


@dataclass(frozen=True, slots=True)
class Standing:
    """A program's ledger up to some entry: the newest, its key, how many there are, with texts.

    Texts are blanked when somebody is forgotten.
    """

    last: int = 0
    key: str = ""
    entries: int = 0
    texts: int = 0

    def mark(self) -> dict[str, Any]:
        """It as plain data, to be compared with a later one."""
        return {name: getattr(self, name) for name in ("last", "key", "entries", "texts")}


@dataclass(frozen=True, slots=True)
class Entry:
    """The number of an entry and its text."""

    seq: int
    text: str


def standing(engine: Engine, program: str, *, upto: int | None = None) -> Standing:
    """How a program's ledger stands, or stood at an entry; one pass over its rows."""
    mine = _of(program, upto)
    counts = select(
        func.max(table.c.seq), func.count(), func.count().filter(table.c.text != "")
    ).where(*mine)
    with reading(engine) as connection:
        last, entries, texts = connection.execute(counts).one()
        if last is None:
            return Standing()
        key = connection.execute(select(table.c.key).where(table.c.seq == last)).scalar_one()
    return Standing(last, key, entries, texts)


def places_of_keys(
    engine: Engine, program: str, keys: Collection[str], *, upto: int, total: int
) -> Mapping[str, Place]:
    """The places of these inputs up to an entry, without their texts."""
    asked = frozenset(keys)
    found = _looked_up(engine, _of(program, upto), table.c.key, asked, total=total)
    return {row.key: _place(row) for row in found if row.key in asked}


def places_of_numbers(
    engine: Engine, program: str, numbers: Collection[int], *, total: int
) -> Mapping[int, Place]:
    """The places with these numbers, without their texts."""
    asked = frozenset(numbers)
    found = _looked_up(engine, _of(program, None), table.c.seq, asked, total=total)
    return {row.seq: _place(row) for row in found if row.seq in asked}


def entries_after(engine: Engine, program: str, after: int, *, upto: int) -> list[Entry]:
    """The entries after one number up to another, in order."""
    query = select(table.c.seq, table.c.text).where(*_of(program, upto), table.c.seq > after)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(table.c.seq)).all()
    return [Entry(row.seq, row.text) for row in rows]


def _looked_up(
    engine: Engine,
    mine: list[ColumnElement[bool]],
    column: ColumnElement[Any],
    asked: Collection[Any],
    *,
    total: int,
) -> Iterable[Row[Any]]:
    """The rows with these values of a column, or all of them where that is less work."""
    query = select(*_LEAN).where(*mine)
    with reading(engine) as connection:
        if len(asked) * _LOOKED_UP >= total:
            return connection.execute(query).all()
        parts = (query.where(column.in_(some)) for some in pages(sorted(asked)))
        return [row for part in parts for row in connection.execute(part)]


def _of(program: str, upto: int | None) -> list[ColumnElement[bool]]:
    mine: list[ColumnElement[bool]] = [table.c.program == program]
    return mine if upto is None else [*mine, table.c.seq <= upto]


def _place(row: Row[Any]) -> Place:
    return Place(row.split, row.group_key, "")
