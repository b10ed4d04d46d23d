"""Erasing: entries leave the journal, their keys stay used, and that it happened is on record."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, insert, or_, select, update

from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.engine import queued, reading
from dspyui_core.store.entries import WITH_SPANS, WITHOUT_SPANS, Entry, entry_of, hashed_key
from dspyui_core.store.tables import erasure, journal, spent_key

T = TypeVar("T")
_PAGE = 500
KEYS = (journal.c.position, journal.c.program, journal.c.idem_key)


@dataclass(frozen=True, slots=True)
class Erasure:
    """That something was forgotten: what kind of thing, by whom, how much of it, and when."""

    kind: str
    actor: str
    counts: dict[str, Any]
    at: datetime


def entries_by_user(engine: Engine, user_id: str, *, program: str | None = None) -> list[Entry]:
    """All that a user asked and said, in order; the name counts, authenticated or claimed."""
    matching = [journal.c.user_id == user_id]
    if program is not None:
        matching.append(journal.c.program == program)
    return _entries(engine, matching)


def entries_on_traces(engine: Engine, trace_ids: Iterable[str]) -> list[Entry]:
    """The predictions with these trace ids, and all that was said about them."""
    return [
        entry
        for some in pages(sorted(trace_ids))
        for entry in _entries(engine, [journal.c.trace_id.in_(some)])
    ]


def answers_of(engine: Engine, program: str, versions: Collection[int]) -> Iterator[Entry]:
    """The predictions of these versions and of none, with their spans, in order."""
    asked = or_(journal.c.version.in_(list(versions)), journal.c.version.is_(None))
    query = select(*WITH_SPANS).where(journal.c.kind == "prediction", asked)
    query = query.where(journal.c.program == program).order_by(journal.c.position).limit(_PAGE)
    position = 0
    while True:
        with reading(engine) as connection:
            page = connection.execute(query.where(journal.c.position > position)).all()
        yield from map(entry_of, page)
        if len(page) < _PAGE:
            return
        position = page[-1].position


def replace_spans(engine: Engine, spans: Mapping[int, list[dict[str, Any]]]) -> None:
    """Put other spans in the place of those that predictions have, by position."""
    with queued(engine) as connection:
        zero_what_is_deleted(connection)
        for position, kept in spans.items():
            is_it = journal.c.position == position
            connection.execute(update(journal).where(is_it).values(spans=kept))


def erase(
    engine: Engine,
    *,
    traces: Iterable[str],
    positions: Iterable[int],
    kind: str,
    subject: str,
    actor: str,
    counts: Mapping[str, Any],
    now: Now = utc_now,
) -> int:
    """Delete whole traces and single entries in one transaction, with a record; returns how many.

    Of each entry a hash of its key stays, so a repeat of it still records nothing; of the subject
    a hash stays in the record.
    """
    with queued(engine) as connection:
        zero_what_is_deleted(connection)
        gone = 0
        for some in pages(sorted(traces)):
            gone += delete_entries(connection, _keys(connection, journal.c.trace_id.in_(some)), now)
        for places in pages(sorted(positions)):
            gone += delete_entries(
                connection, _keys(connection, journal.c.position.in_(places)), now
            )
        _note(connection, kind, subject, actor, counts, now)
    return gone


def note_erasure(
    engine: Engine,
    *,
    kind: str,
    subject: str,
    actor: str,
    counts: Mapping[str, Any],
    now: Now = utc_now,
) -> None:
    """Put on record that something was erased elsewhere than by `erase`."""
    with engine.begin() as connection:
        _note(connection, kind, subject, actor, counts, now)


def last_erasure(engine: Engine, kind: str, subject: str) -> Erasure | None:
    """The newest record of forgetting this very thing, or None where it never was."""
    query = select(erasure).where(erasure.c.subject_hash == hashed_subject(kind, subject))
    with reading(engine) as connection:
        row = connection.execute(query.order_by(erasure.c.seq.desc()).limit(1)).one_or_none()
    return None if row is None else Erasure(row.kind, row.actor, row.counts, row.at)


def hashed_subject(kind: str, subject: str) -> str:
    """What stays of what was forgotten: enough to know that it was, not to read it."""
    return hashlib.sha256(f"{kind}:{subject}".encode()).hexdigest()


def delete_entries(connection: Connection, found: Sequence[Row[Any]], now: Now) -> int:
    """Delete rows of KEYS from the journal; a hash of each key stays."""
    spent = [
        {
            "key_hash": hashed_key(row.idem_key),
            "program": row.program,
            "position": row.position,
            "at": now(),
        }
        for row in found
    ]
    if spent:
        connection.execute(insert(spent_key), spent)
        places = [row.position for row in found]
        connection.execute(delete(journal).where(journal.c.position.in_(places)))
    return len(spent)


def zero_what_is_deleted(connection: Connection) -> None:
    """Let SQLite overwrite what this connection deletes; elsewhere the server's vacuum does it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def pages(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items, as many at a time as one statement takes."""
    return (items[start : start + _PAGE] for start in range(0, len(items), _PAGE))


def _note(
    connection: Connection,
    kind: str,
    subject: str,
    actor: str,
    counts: Mapping[str, Any],
    now: Now,
) -> None:
    row = {
        "kind": kind,
        "subject_hash": hashed_subject(kind, subject),
        "actor": actor,
        "counts": dict(counts),
        "at": now(),
    }
    connection.execute(insert(erasure).values(row))


def _keys(connection: Connection, matching: ColumnElement[bool]) -> Sequence[Row[Any]]:
    return connection.execute(select(*KEYS).where(matching)).all()


def _entries(engine: Engine, matching: Sequence[ColumnElement[bool]]) -> list[Entry]:
    query = select(*WITHOUT_SPANS).where(*matching).order_by(journal.c.position)
    with reading(engine) as connection:
        return [entry_of(row) for row in connection.execute(query)]
