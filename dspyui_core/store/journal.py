"""The journal: one append-only stream of predictions and feedback, with one position."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, insert, select

from dspyui_core.errors import ConflictError, TraceNotFoundError
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.engine import reading
from dspyui_core.store.tables import journal

Kind = Literal["prediction", "feedback"]
_PAGE = 500
# SQLite before 3.32 takes at most 999 parameters in one statement.
_KEYS_PER_QUERY = 900


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, at its commit-ordered position (1, 2, ... with gaps allowed)."""

    position: int
    kind: Kind
    program: str
    trace_id: str
    user_id: str | None
    authenticated: bool
    version: int | None
    payload: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class NewPrediction:
    """A served answer on its way into the journal; `at` None means the moment of appending."""

    program: str
    trace_id: str
    payload: Mapping[str, Any]
    user_id: str | None = None
    authenticated: bool = False
    version: int | None = None
    at: datetime | None = None


class Journal:
    """Appends are durable when they return; readers see entries in the order of their positions."""

    def __init__(self, engine: Engine, *, now: Now = utc_now) -> None:
        self._engine = engine
        self._now = now

    def append_prediction(
        self,
        program: str,
        trace_id: str,
        payload: Mapping[str, Any],
        *,
        user_id: str | None = None,
        authenticated: bool = False,
        version: int | None = None,
    ) -> Entry:
        """Append one prediction; see `append_predictions`."""
        new = NewPrediction(program, trace_id, payload, user_id, authenticated, version)
        return self.append_predictions([new])[0]

    def append_predictions(self, predictions: Sequence[NewPrediction]) -> tuple[Entry, ...]:
        """Append all or none in one commit; the entries come back in the order given.

        A trace id that is already there returns its first entry and writes nothing; with another
        payload it raises ConflictError.
        """
        rows = [self._row("prediction", new, new.trace_id) for new in predictions]
        return self._append(rows)

    def append_feedback(
        self,
        program: str,
        trace_id: str,
        payload: Mapping[str, Any],
        *,
        user_id: str | None,
        authenticated: bool,
        idem_key: str,
    ) -> Entry:
        """Append one piece of feedback; a repeated key returns the first entry.

        Raises ConflictError where the key was used for something else. Whether the trace exists
        is the caller's question.
        """
        new = NewPrediction(program, trace_id, payload, user_id, authenticated)
        return self._append([self._row("feedback", new, idem_key)])[0]

    def find_prediction(self, trace_id: str) -> Entry | None:
        """The prediction recorded under this trace id, or None where there is none."""
        is_it = (journal.c.trace_id == trace_id) & (journal.c.kind == "prediction")
        with reading(self._engine) as connection:
            row = connection.execute(select(journal).where(is_it)).one_or_none()
        return None if row is None else _entry(row)

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
    ) -> Iterator[Entry]:
        """Stream entries with position < p <= upto in order, at most `limit` of them.

        Without `upto` the stream ends at what is committed when reading starts, so a busy writer
        cannot keep it going. It holds no connection between pages.
        """
        end = self.last_position() if upto is None else upto
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            page = self._page(_matching(program, kind, position, end), size)
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

    def _page(self, matching: Sequence[ColumnElement[bool]], size: int) -> list[Entry]:
        query = select(journal).where(*matching).order_by(journal.c.position).limit(size)
        with reading(self._engine) as connection:
            return [_entry(row) for row in connection.execute(query)]

    def _row(self, kind: Kind, new: NewPrediction, key: str) -> dict[str, Any]:
        return {
            "kind": kind,
            "program": new.program,
            "trace_id": new.trace_id,
            "user_id": new.user_id,
            "authenticated": new.authenticated,
            # A user's feedback key must not be able to shadow a trace id.
            "idem_key": f"{kind}:{key}",
            "version": new.version,
            "payload": dict(new.payload),
            "at": new.at or self._now(),
        }

    def _append(self, rows: Sequence[dict[str, Any]]) -> tuple[Entry, ...]:
        keys = [row["idem_key"] for row in rows]
        with self._engine.begin() as connection:
            known = _by_key(connection, keys)
            # The first of several rows with one key wins, as it would in separate calls.
            fresh = {row["idem_key"]: row for row in reversed(rows) if row["idem_key"] not in known}
            if fresh:
                new = [fresh[key] for key in dict.fromkeys(keys) if key in fresh]
                connection.execute(insert(journal), new)
                known |= _by_key(connection, list(fresh))
            return tuple(_same(known[row["idem_key"]], row) for row in rows)


def _by_key(connection: Connection, keys: Sequence[str]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        some = keys[start : start + _KEYS_PER_QUERY]
        query = select(journal).where(journal.c.idem_key.in_(some))
        found |= {row.idem_key: _entry(row) for row in connection.execute(query)}
    return found


def _same(entry: Entry, row: dict[str, Any]) -> Entry:
    """The stored entry if it says what the row says; time and version may differ in a repeat."""
    stored = (entry.program, entry.trace_id, entry.user_id, entry.payload)
    given = (row["program"], row["trace_id"], row["user_id"], _as_stored(row["payload"]))
    if stored == given:
        return entry
    raise ConflictError(
        f"the key {row['idem_key']!r} was already used at position {entry.position} "
        "for something else",
        hint="repeat a call with the same content, or give the new content a new key",
    )


def _as_stored(payload: dict[str, Any]) -> Any:
    return json.loads(json.dumps(payload))


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


def _entry(row: Row[Any]) -> Entry:
    fields = row._mapping
    return Entry(**{name: fields[name] for name in Entry.__dataclass_fields__})
