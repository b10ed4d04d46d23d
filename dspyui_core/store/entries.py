"""What the journal holds: an entry, and what is on its way to becoming one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, func, select

from dspyui_core.errors import StoreError
from dspyui_core.store.tables import journal

Kind = Literal["prediction", "feedback"]
UNKNOWN_TRACE = (
    "use the trace id that came back with the prediction; one that nobody rated in time may be "
    "retired, and one that was forgotten is gone"
)


class Serialised(str):
    """JSON text that goes into a JSON column as it is."""

    __slots__ = ()


Spans = Sequence[Mapping[str, Any]] | Serialised


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, at its commit-ordered position (1, 2, ... with gaps allowed).

    `spans` are a prediction's LM calls and modules; None for feedback, and where nobody asked for
    them or none are kept.
    """

    position: int
    kind: Kind
    program: str
    trace_id: str
    user_id: str | None
    authenticated: bool
    version: int | None
    payload: dict[str, Any]
    at: datetime
    spans: list[dict[str, Any]] | None = None

    @property
    def voter(self) -> tuple[str | None, bool]:
        """Who speaks: a name that was only claimed is another than the same one authenticated.

        Nobody without a name is authenticated.
        """
        return self.user_id, self.authenticated and self.user_id is not None


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
    spans: Spans | None = None


@dataclass(frozen=True, slots=True)
class NewFeedback:
    """Feedback on its way into the journal; its program is that of the prediction it is about."""

    trace_id: str
    payload: Mapping[str, Any]
    idem_key: str
    user_id: str | None = None
    authenticated: bool = False
    at: datetime | None = None


New = NewPrediction | NewFeedback


def serialised(value: Any) -> Serialised:
    """A value as JSON text. Raises StoreError for what JSON has no word for, NaN included."""
    if isinstance(value, Serialised):
        return value
    try:
        return Serialised(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"a value cannot be stored: {error}",
            hint="payloads, refs and reports are JSON with finite numbers, times carry a zone",
        ) from error


def to_json(value: Any) -> str:
    """What the database driver calls for a JSON column."""
    return value if isinstance(value, Serialised) else json.dumps(value, allow_nan=False)


def hashed_key(idem_key: str) -> str:
    """What stays of a key whose entry is forgotten: enough to know it again, not to read it."""
    return hashlib.sha256(idem_key.encode()).hexdigest()


def entry_of(row: Row[Any]) -> Entry:
    """The entry in a row of the journal's columns, with or without the spans."""
    found = row._mapping
    values: dict[str, Any] = {name: found[name] for name in NAMES}
    return Entry(**values, spans=found.get("spans"))


def newest_position(connection: Connection, *wanted: ColumnElement[bool]) -> int:
    """The position of the newest entry (of the wanted ones), 0 where there is none."""
    query = select(func.max(journal.c.position)).where(*wanted)
    return connection.execute(query).scalar() or 0


NAMES = tuple(name for name in Entry.__dataclass_fields__ if name != "spans")
WITHOUT_SPANS = tuple(journal.c[name] for name in NAMES)
WITH_SPANS = (*WITHOUT_SPANS, journal.c.spans)
