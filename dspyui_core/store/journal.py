"""The journal: one append-only stream of predictions and feedback, with one position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, select

from dspyui_core.errors import TraceNotFoundError
from dspyui_core.events import FEEDBACK_RECORDED, Launcher, Silent
from dspyui_core.store.appending import Appender
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.engine import reading
from dspyui_core.store.entries import (
    UNKNOWN_TRACE,
    WITH_SPANS,
    WITHOUT_SPANS,
    Entry,
    Kind,
    New,
    NewFeedback,
    NewPrediction,
    Spans,
    entry_of,
    newest_position,
)
from dspyui_core.store.recorded import (
    feedback_by_key,
    feedback_by_trace,
    field_names,
    forgotten_positions,
    newest_predictions,
)
from dspyui_core.store.tables import journal
from dspyui_core.store.tallies import Tally, tally
from dspyui_core.store.words import Window, Word, count_words, end_of, latest_words

__all__ = ["Entry", "Journal", "Kind", "New", "NewFeedback", "NewPrediction", "Spans", "Tally"]

_PAGE = 500


class Journal:
    """Appends are durable when they return; readers see entries in the order of their positions."""

    def __init__(
        self, engine: Engine, *, now: Now = utc_now, launcher: Launcher | None = None
    ) -> None:
        self._engine = engine
        self._appender = Appender(engine, now=now)
        self._launcher = launcher or Silent()

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
        return self._told(self._appender.append(new))

    def append_at_once(self, new: Sequence[New]) -> tuple[Entry, ...] | None:
        """`append` for who does not wait for other writers: None, and nothing done, where one must.

        On a database server that is always so. Raises what `append` raises, and StoreError where
        something else than the flywheel writes.
        """
        entries = self._appender.append_at_once(new)
        return entries if entries is None else self._told(entries)

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
            raise TraceNotFoundError(trace_id, hint=UNKNOWN_TRACE)
        return found

    def find_feedback(self, idem_keys: Sequence[str]) -> dict[str, Entry | None]:
        """By key that is used, the feedback recorded under it, or None where that is gone."""
        return feedback_by_key(self._engine, idem_keys)

    def feedback_on(self, trace_ids: Sequence[str]) -> Mapping[str, Sequence[Entry]]:
        """By trace, all feedback on it in order; traces without any are left out."""
        return feedback_by_trace(self._engine, trace_ids)

    def forgotten(self, positions: Sequence[int]) -> set[int]:
        """Those of the positions whose entry was there once and is gone."""
        return forgotten_positions(self._engine, positions)

    def field_names(self, program: str) -> tuple[str, ...]:
        """Every input, then every output, that a program's answers ever had."""
        return field_names(self._engine, program)

    def words(self, window: Window, *, limit: int | None = None) -> Iterator[Word]:
        """The latest word of each user on each answer, streamed in the order they were said."""
        return latest_words(self._engine, window, limit=limit)

    def count_words(self, window: Window) -> int:
        """How many of them there are."""
        return count_words(self._engine, window)

    def end_of_words(self, window: Window, limit: int) -> int:
        """The position up to which the first `limit` of them are everything there is."""
        return end_of(self._engine, window, limit)

    def tally(self, program: str) -> tuple[Tally, tuple[Tally, ...]]:
        """What the latest words of a program's users come to, together and by version."""
        return tally(self._engine, program)

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

    def newest(self, program: str, *, upto: int) -> Iterator[Entry]:
        """Stream a program's predictions up to a position, the newest first, without spans."""
        while page := newest_predictions(self._engine, program, upto=upto, limit=_PAGE):
            yield from page
            upto = page[-1].position - 1

    def programs(self) -> tuple[str, ...]:
        """The names of all programs that have an entry, sorted."""
        query = select(journal.c.program).distinct().order_by(journal.c.program)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def last_position(self, program: str | None = None) -> int:
        """The position of the newest entry (of one program), 0 for an empty journal."""
        with reading(self._engine) as connection:
            return newest_position(connection, *_matching(program))

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

    def _told(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The entries, which are on disk by now; who waits for feedback hears of it."""
        for entry in entries:
            if entry.kind == "feedback":
                payload = {"position": entry.position, "at": entry.at.isoformat()}
                self._launcher.emit(FEEDBACK_RECORDED, entry.program, payload)
        return entries

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
