"""What of a group of appends is new, what is a repeat, and what must be refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from dspyui_core.errors import ConflictError, TraceNotFoundError
from dspyui_core.store.direct import Writing
from dspyui_core.store.entries import (
    NAMES,
    UNKNOWN_TRACE,
    Entry,
    Kind,
    Serialised,
    hashed_key,
)
from dspyui_core.store.tables import journal

_PLACES = "SELECT idem_key, position FROM journal WHERE idem_key IN ({})"
# What has these keys, and what had them: there the position is not 0.
_USED = (
    "SELECT idem_key, program, 0 FROM journal WHERE idem_key IN ({}) UNION ALL "
    "SELECT key_hash, program, position FROM spent_key WHERE key_hash IN ({})"
)


@dataclass(slots=True)
class Draft:
    """A row on its way, its payload as JSON text already; feedback learns its program late."""

    kind: Kind
    program: str
    trace_id: str
    user_id: str | None
    authenticated: bool
    idem_key: str
    version: int | None
    payload: Serialised
    spans: Serialised | None
    at: datetime

    def row(self) -> dict[str, Any]:
        return dict(zip(_STORED, _stored_of(self), strict=True))

    def entry(self, position: int) -> Entry:
        return Entry(
            position=position,
            kind=self.kind,
            program=self.program,
            trace_id=self.trace_id,
            user_id=self.user_id,
            authenticated=self.authenticated,
            version=self.version,
            payload=json.loads(self.payload),
            at=self.at.astimezone(UTC),
        )

    def says(self) -> tuple[Any, ...]:
        """What a repeat has to say again; its time and version may differ."""
        return self.program, self.trace_id, self.user_id, json.loads(self.payload)


_STORED = tuple(Draft.__dataclass_fields__)
_stored_of = attrgetter(*_STORED)


@dataclass(frozen=True, slots=True)
class Admission:
    """Which rows of a group are new.

    `known` are the entries that have one of its keys already, `programs` those of all entries that
    its keys and its predictions' name.
    """

    known: Mapping[str, Entry]
    programs: Mapping[str, str]
    fresh: dict[str, Draft] = field(default_factory=dict)

    @classmethod
    def of(cls, writing: Writing, drafts: Sequence[Draft]) -> Admission:
        hashed = {hashed_key(draft.idem_key): draft for draft in drafts}
        keys = {draft.idem_key for draft in drafts}
        asked = keys | {answer_key(draft.trace_id) for draft in drafts}
        used = list(writing.among(_USED, asked, hashed))
        programs = {key: program for key, program, position in used if not position}
        known = {
            hashed[key].idem_key: _rest(hashed[key], program, position)
            for key, program, position in used
            if position
        }
        # Who is there counts for more than who was.
        known |= _by_key(writing, [key for key in keys if key in programs])
        return cls(known, programs)

    def take(self, drafts: Iterable[Draft]) -> None:
        """Take those of one caller's rows that are new, or none of them.

        Raises ConflictError for a key that says something else already, TraceNotFoundError for
        feedback on an unknown prediction.
        """
        own: dict[str, Draft] = {}
        for draft in drafts:
            self._take(draft, own)
        self.fresh.update(own)

    def insert(self, writing: Writing) -> dict[str, Entry]:
        """Write what is new; by key, all entries of the group, old and new."""
        if not self.fresh:
            return dict(self.known)
        places = self._places(writing)
        new = {key: draft.entry(places[key]) for key, draft in self.fresh.items()}
        return {**self.known, **new}

    def _places(self, writing: Writing) -> dict[str, int]:
        rows = [draft.row() for draft in self.fresh.values()]
        position = writing.insert(journal, rows)
        if position:
            # An answer mostly comes alone, and SQLite tells the position of one row.
            return {rows[0]["idem_key"]: position}
        return dict(writing.among(_PLACES, self.fresh))

    def _take(self, draft: Draft, own: dict[str, Draft]) -> None:
        stored = self.known.get(draft.idem_key)
        if stored is not None:
            draft.program = draft.program or stored.program
            # What was forgotten cannot be compared; its key stays used all the same.
            if stored.payload and draft.says() != _said(stored):
                raise _conflict(draft, f"at position {stored.position}")
            return
        if draft.kind == "feedback":
            draft.program = self._program(draft.trace_id, own)
        # The first of several rows with one key wins, as it would in separate calls.
        first = own.get(draft.idem_key) or self.fresh.get(draft.idem_key)
        if first is None:
            own[draft.idem_key] = draft
        elif draft.says() != first.says():
            raise _conflict(draft, "in the same moment")

    def _program(self, trace_id: str, own: Mapping[str, Draft]) -> str:
        key = answer_key(trace_id)
        fresh = own.get(key) or self.fresh.get(key)
        found = fresh.program if fresh is not None else self.programs.get(key)
        if found is None:
            raise TraceNotFoundError(trace_id, hint=UNKNOWN_TRACE)
        return found


def answer_key(trace_id: str) -> str:
    """The key of the prediction on a trace."""
    return f"prediction:{trace_id}"


def feedback_key(idem_key: str) -> str:
    """The key of feedback: a user's own must not be able to shadow a trace id."""
    return f"feedback:{idem_key}"


def _said(entry: Entry) -> tuple[Any, ...]:
    return entry.program, entry.trace_id, entry.user_id, entry.payload


def _conflict(draft: Draft, where: str) -> ConflictError:
    return ConflictError(
        f"the key {draft.idem_key!r} was already used {where} for something else",
        hint="repeat a call with the same content, or give the new content a new key",
    )


def _by_key(writing: Writing, keys: Sequence[str]) -> dict[str, Entry]:
    rows = writing.rows(journal, ("idem_key", *NAMES), "idem_key", keys)
    return {row.pop("idem_key"): Entry(**row) for row in rows}


def _rest(draft: Draft, program: str, position: int) -> Entry:
    """What is left of an entry that was forgotten: that there was one, and where."""
    return replace(draft.entry(position), program=program, payload={})
