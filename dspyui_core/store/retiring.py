"""Retiring: what is old and nobody rated leaves the journal, within limits of age and of size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Text,
    and_,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    true,
    update,
)

from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.compacting import sqlite_bytes
from dspyui_core.store.engine import queued, reading
from dspyui_core.store.erasing import KEYS, delete_entries
from dspyui_core.store.tables import journal, review

_PAGE = 500
_Act = Callable[[Connection, Sequence[Row[Any]]], object]
_said = journal.alias("said")
_IS_PREDICTION = journal.c.kind == "prediction"
_IS_RATED = exists().where(_said.c.trace_id == journal.c.trace_id, _said.c.kind == "feedback")
_DRAWN = review.c.content["trace_id"].as_string()
# A list that is made once: looked for answer by answer, the JSON of every item would be read again.
_IS_DRAWN = journal.c.trace_id.in_(
    select(_DRAWN).where(review.c.kind == "sample", _DRAWN.is_not(None))
)
_IS_NEEDED = or_(_IS_RATED, _IS_DRAWN)
_HAS_SPANS = journal.c.spans.is_not(None)
# In characters: SQLite counts the bytes of a text only after it has loaded them.
_PAYLOAD_BYTES = func.length(cast(journal.c.payload, Text))
_SPAN_BYTES = func.coalesce(func.length(cast(journal.c.spans, Text)), 0)


@dataclass(frozen=True, slots=True)
class Content:
    """What the journal holds: entries, predictions that have spans, and the bytes of both."""

    entries: int
    with_spans: int
    payload_bytes: int
    span_bytes: int

    @property
    def bytes(self) -> int:
        """Payloads and spans together."""
        return self.payload_bytes + self.span_bytes


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows were retired or lost their spans, and how many bytes that freed."""

    rows: int = 0
    bytes: int = 0


def content(engine: Engine) -> Content:
    """Count the journal's entries and bytes; reads all of it."""
    with_spans = func.count(journal.c.spans)
    sums = (func.sum(_PAYLOAD_BYTES), func.sum(_SPAN_BYTES))
    with reading(engine) as connection:
        row = connection.execute(select(func.count(), with_spans, *sums).select_from(journal)).one()
    return Content(*(int(value or 0) for value in row))


def stored_bytes(engine: Engine) -> int:
    """The bytes of the whole state database as it is stored, its write-ahead log included."""
    if engine.dialect.name == "sqlite":
        return sqlite_bytes(Path(engine.url.database or ""))
    query = select(func.pg_database_size(func.current_database()))
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class Retiring:
    """Sweeps the oldest entries first; with `dry_run` it counts and changes nothing.

    `upto` gives the position of each program up to which everybody has read; what is after it
    stays. Feedback stays, and so does what somebody rated, and what was drawn to be labelled: its
    row of the holdout is found by it. What is from before `aged` is retired, and spans from before
    `stripped` go: None keeps them.
    """

    engine: Engine
    upto: Mapping[str, int]
    aged: datetime | None = None
    stripped: datetime | None = None
    dry_run: bool = False
    now: Now = utc_now

    def predictions(self) -> Swept:
        """Retire what is aged and nobody rated; the keys stay used."""
        size = _PAYLOAD_BYTES + _SPAN_BYTES
        return self._sweep(self._unrated(size), self._delete, before=self.aged)

    def spans(self) -> Swept:
        """Drop old spans, but for those of what is retired."""
        return self._sweep(self._spanned(), _drop_spans, before=self.stripped)

    def spans_worth(self, wanted: int) -> Swept:
        """Drop further spans until so many bytes are freed."""
        query = self._spanned().where(_not_before(self.stripped))
        return self._sweep(query, _drop_spans, wanted=wanted)

    def predictions_worth(self, wanted: int) -> Swept:
        """Retire further unrated answers, whose spans are gone, until so many bytes are freed."""
        query = self._unrated(_PAYLOAD_BYTES).where(_not_before(self.aged))
        return self._sweep(query, self._delete, wanted=wanted)

    def _delete(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        delete_entries(connection, rows, self.now)

    def _unrated(self, size: ColumnElement[int]) -> Select[Any]:
        query = select(*KEYS, journal.c.at, size.label("size"))
        return query.where(_IS_PREDICTION, ~_IS_NEEDED, self._read_by_all())

    def _spanned(self) -> Select[Any]:
        query = select(journal.c.position, journal.c.at, _SPAN_BYTES.label("size"))
        stays = or_(_IS_NEEDED, _not_before(self.aged))
        return query.where(_IS_PREDICTION, _HAS_SPANS, stays, self._read_by_all())

    def _read_by_all(self) -> ColumnElement[bool]:
        program, position = journal.c.program, journal.c.position
        read = (and_(program == name, position <= place) for name, place in self.upto.items())
        return or_(false(), *read)

    def _sweep(
        self,
        query: Select[Any],
        act: _Act,
        *,
        before: datetime | None = None,
        wanted: int | None = None,
    ) -> Swept:
        """Act on page after page, each in a transaction of its own that looked for itself.

        Without a limit it does nothing. Positions are in the order of time but for moments, so a
        page with nothing old is the last.
        """
        after, swept = 0, Swept()
        while before is not None or (wanted is not None and swept.bytes < wanted):
            with reading(self.engine) if self.dry_run else queued(self.engine) as connection:
                page = connection.execute(_page(query, after)).all()
                rows = [row for row in page if before is None or row.at < before]
                rows = rows if wanted is None else _worth(rows, wanted - swept.bytes)
                if rows and not self.dry_run:
                    act(connection, rows)
            if not rows:
                break
            after = page[-1].position
            swept = Swept(swept.rows + len(rows), swept.bytes + sum(row.size for row in rows))
        return swept


def _not_before(time: datetime | None) -> ColumnElement[bool]:
    return true() if time is None else journal.c.at >= time


def _page(query: Select[Any], after: int) -> Select[Any]:
    query = query.where(journal.c.position > after)
    return query.order_by(journal.c.position).limit(_PAGE)


def _worth(rows: Sequence[Row[Any]], wanted: int) -> list[Row[Any]]:
    """The first rows that together have so many bytes."""
    chosen: list[Row[Any]] = []
    for row in rows:
        if wanted <= 0:
            break
        chosen.append(row)
        wanted -= row.size
    return chosen


def _drop_spans(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    places = [row.position for row in rows]
    changed = update(journal).where(journal.c.position.in_(places))
    connection.execute(changed.values(spans=None))
