"""The journal: one append-only stream of predictions and feedback, with one position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, select

from dspyui_core.errors import TraceNotFoundError
from dspyui_core.store.appending import Appender
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.engine import reading
from dspyui_core.store.entries import (
    WITH_SPANS,
    WITHOUT_SPANS,
    Entry,
    Kind,
    New,
    NewFeedback,
    NewPrediction,
    Spans,
    entry_of,
)
from dspyui_core.store.tables import journal

__all__ = ["Entry", "Journal", "Kind", "New", "NewFeedback", "NewPrediction", "Spans"]

_PAGE = 500


class Journal:
    """Appends are durable when they return; readers see entries in the order of their positions."""

    def __init__(self, engine: Engine, *, now: Now = utc_now) -> None:
        self._engine = engine
        self._appender = Appender(engine, now=now)

    def append_prediction(
        self,
        program: str,
        trace_id: str,
        payload: Mapping[str, Any],
        *,
        user_id: str | None = None,
        authenticated: bool = False,
        version: int | None = None,
        spans: Spans | None = None,
    ) -> Entry:
        """Append one prediction; see `append`."""
        new = NewPrediction(
            program, trace_id, payload, user_id, authenticated, version, spans=spans
        )
        return self.append([new])[0]

    def append_feedback(
        self,
        trace_id: str,
        payload: Mapping[str, Any],
        *,
        user_id: str | None,
        authenticated: bool,
        idem_key: str,
    ) -> Entry:
        """Append one piece of feedback; see `append`."""
        return self.append([NewFeedback(trace_id, payload, idem_key, user_id, authenticated)])[0]

    def append(self, new: Sequence[New]) -> tuple[Entry, ...]:
        """Append all or none; the entries come back in the order given, on disk.

        What other threads append meanwhile shares the commit. A trace id or feedback key that is
        there already returns its first entry and writes nothing. Raises ConflictError where it was
        used for something else, TraceNotFoundError for feedback on an unknown prediction,
        StoreError for what is no JSON.
        """
        return self._appender.append(new)

    def find_prediction(self, trace_id: str) -> Entry | None:
        """The prediction recorded under this trace id, or None where there is none."""
        return self.find_predictions([trace_id]).get(trace_id)

    def find_predictions(self, trace_ids: Sequence[str]) -> dict[str, Entry]:
        """By trace id, those predictions that are there."""
        query = select(*WITHOUT_SPANS).where(journal.c.kind == "prediction")
        found: list[Entry] = []
        with reading(self._engine) as connection:
            for start in range(0, len(trace_ids), _PAGE):
                some = query.where(journal.c.trace_id.in_(trace_ids[start : start + _PAGE]))
                found += [entry_of(row) for row in connection.execute(some)]
        return {entry.trace_id: entry for entry in found}

    def prediction(self, trace_id: str) -> Entry:
        """The prediction recorded under this trace id; TraceNotFoundError where there is none."""
        found = self.find_prediction(trace_id)
        if found is None:
            raise TraceNotFoundError(
                trace_id, hint="use the trace id that came back with the prediction"
            )
        return found

    def since(
        self,
        position: int,
        *,
        program: str | None = None,
        kind: Kind | None = None,
        upto: int | None = None,
        limit: int | None = None,
        spans: bool = False,
    ) -> Iterator[Entry]:
        """Stream entries with position < p <= upto in order, at most `limit`, spans on request.

        Without `upto` the stream ends at what is committed when reading starts, so a busy writer
        cannot keep it going. It holds no connection between pages.
        """
        end = self.last_position() if upto is None else upto
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            page = self._page(_matching(program, kind, position, end), size, spans)
            yield from page
            if len(page) < size:
                return
            position = page[-1].position
            left = None if left is None else left - len(page)

    def last_position(self, program: str | None = None) -> int:
        """The position of the newest entry (of one program), 0 for an empty journal."""
        query = select(func.max(journal.c.position)).where(*_matching(program))
        with reading(self._engine) as connection:
            return connection.execute(query).scalar() or 0

    def count(
        self,
        *,
        program: str | None = None,
        kind: Kind | None = None,
        since: int | None = None,
        upto: int | None = None,
    ) -> int:
        """How many entries match, with since < position <= upto."""
        query = select(func.count()).select_from(journal)
        with reading(self._engine) as connection:
            found = connection.execute(query.where(*_matching(program, kind, since, upto)))
            return int(found.scalar_one())

    def _page(self, matching: Sequence[ColumnElement[bool]], size: int, spans: bool) -> list[Entry]:
        columns = WITH_SPANS if spans else WITHOUT_SPANS
        query = select(*columns).where(*matching).order_by(journal.c.position).limit(size)
        with reading(self._engine) as connection:
            return [entry_of(row) for row in connection.execute(query)]


def _matching(
    program: str | None = None,
    kind: Kind | None = None,
    since: int | None = None,
    upto: int | None = None,
) -> list[ColumnElement[bool]]:
    conditions = [
        None if program is None else journal.c.program == program,
        None if kind is None else journal.c.kind == kind,
        None if since is None else journal.c.position > since,
        None if upto is None else journal.c.position <= upto,
    ]
    return [condition for condition in conditions if condition is not None]
