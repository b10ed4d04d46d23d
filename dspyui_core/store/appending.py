"""Appending to the journal: one transaction for the wishes of many callers, each key once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, StoreError, TraceNotFoundError
from dspyui_core.store.admission import Admission, Draft, answer_key, feedback_key
from dspyui_core.store.clock import Now
from dspyui_core.store.direct import Writing, writing
from dspyui_core.store.entries import Entry, New, NewFeedback, NewPrediction, serialised
from dspyui_core.store.group_commit import GroupCommit, Ticket
from dspyui_core.store.tables import payload_field

Text = TypeVar("Text", str, str | None)
_Field: TypeAlias = tuple[str, str, str]
_FIELD: Final = ("program", "role", "name")
_KNOWN_FIELDS: Final = "SELECT program, role, name FROM payload_field WHERE program IN ({})"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What one caller wants appended, all of it or none, and fields that may be new."""

    drafts: Sequence[Draft]
    fields: Sequence[_Field]


_Ticket: TypeAlias = Ticket[_Wish, tuple[Entry, ...]]


class Appender:
    """Writes entries durably, together with those that other threads append meanwhile."""

    def __init__(self, engine: Engine, *, now: Now) -> None:
        self._engine = engine
        self._now = now
        self._group: GroupCommit[_Wish, tuple[Entry, ...]] = GroupCommit(self._commit)
        self._fields: set[_Field] = set()

    def append(self, new: Sequence[New]) -> tuple[Entry, ...]:
        """Append all or none; the entries come back in the order given, on disk.

        A key that is known already returns its first entry, with an empty payload where that was
        forgotten since. Raises ConflictError where the key was used for something else,
        TraceNotFoundError for feedback on an unknown prediction, StoreError for a payload that is
        no JSON.
        """
        return self._group.submit(self._wish(new)) if new else ()

    def append_at_once(self, new: Sequence[New]) -> tuple[Entry, ...] | None:
        """`append` for who does not wait for others: None, and nothing done, where one has to.

        On a database server that is always so. Raises what `append` raises.
        """
        ticket: _Ticket = Ticket(self._wish(new))
        with writing(self._engine, wait=False) as transaction:
            if transaction is None:
                return None
            stored = _write(transaction, [ticket])
        self._grant([ticket], stored)
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    def _wish(self, new: Sequence[New]) -> _Wish:
        fields = [field for one in new for field in _fields(one) if field not in self._fields]
        return _Wish([self._draft(one) for one in new], fields)

    def _draft(self, new: New) -> Draft:
        payload, at = serialised(dict(new.payload)), _zoned(new.at or self._now())
        common = (_text(new.trace_id, 200), _text(new.user_id, 200), new.authenticated)
        if isinstance(new, NewFeedback):
            key = _text(feedback_key(new.idem_key), 300)
            return Draft("feedback", "", *common, key, None, payload, None, at)
        spans = serialised(new.spans) if new.spans else None
        name, key = _text(new.program, 200), answer_key(new.trace_id)
        return Draft("prediction", name, *common, key, new.version, payload, spans, at)

    def _commit(self, group: Sequence[_Ticket]) -> None:
        with writing(self._engine) as transaction:
            assert transaction is not None
            stored = _write(transaction, group)
        self._grant(group, stored)

    def _grant(self, group: Sequence[_Ticket], stored: Mapping[str, Entry]) -> None:
        for ticket in group:
            self._fields.update(ticket.wish.fields)
            if ticket.error is None:
                ticket.grant(tuple(stored[draft.idem_key] for draft in ticket.wish.drafts))


def _write(transaction: Writing, group: Sequence[_Ticket]) -> dict[str, Entry]:
    """Write what is new of a group, refuse what must be; all entries by key."""
    admission = Admission.of(transaction, [d for t in group for d in t.wish.drafts])
    for ticket in group:
        _decide(ticket, admission)
    _learn(transaction, dict.fromkeys(f for t in group for f in t.wish.fields))
    return admission.insert(transaction)


def _decide(ticket: _Ticket, admission: Admission) -> None:
    try:
        admission.take(ticket.wish.drafts)
    except (ConflictError, TraceNotFoundError) as error:
        ticket.refuse(error)


def _text(value: Text, longest: int) -> Text:
    """The value, which every database takes: who sends another would fail the whole group."""
    # Nearly all are plain and short, and this runs several times for every append.
    if value is None or (len(value) <= longest and value.isascii() and "\0" not in value):
        return value
    sent = value.encode("utf-8", "surrogatepass")
    if len(value) > longest or "\0" in value or sent != value.encode("utf-8", "replace"):
        raise StoreError(
            f"a value cannot be stored: {value[:80]!r}",
            hint=f"names and ids are at most {longest} characters of plain text",
        )
    return value


def _zoned(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise StoreError(
            f"a value cannot be stored: a time without a zone: {at.isoformat()}",
            hint="give times a zone, like datetime.now(UTC)",
        )
    return at


def _fields(new: New) -> Iterator[_Field]:
    if isinstance(new, NewPrediction):
        for role, part in (("input", "inputs"), ("output", "outputs")):
            values = new.payload.get(part)
            if isinstance(values, Mapping):
                yield from ((new.program, role, _text(str(name), 200)) for name in values)


def _learn(transaction: Writing, fields: Collection[_Field]) -> None:
    """Note which fields a program's answers have; a repeat changes nothing."""
    if fields:
        known = set(transaction.among(_KNOWN_FIELDS, {program for program, _, _ in fields}))
        rows = [dict(zip(_FIELD, field, strict=True)) for field in fields if field not in known]
        if rows:
            transaction.insert(payload_field, rows)
