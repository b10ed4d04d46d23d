"""The inbox in the state database: an item is opened once, decided once, and then stays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, delete, func, insert, select, update

from dspyui_core.errors import ConflictError, NotFoundError
from dspyui_core.review.items import Kind, ReviewItem, Ruling, State
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.engine import reading
from dspyui_core.store.erasing import pages, zero_what_is_deleted
from dspyui_core.store.tables import review

Contents = Mapping[str, Mapping[str, Any]]
_UNDECIDED = {"actor": None, "comment": None, "answer": None, "decided_at": None}


class Inbox:
    """Opens, finds and decides items; `key` identifies an item of a program and a kind."""

    def __init__(self, engine: Engine, *, now: Now = utc_now) -> None:
        self._engine = engine
        self._now = now

    def open_item(
        self, program: str, kind: Kind, key: str, content: Mapping[str, Any]
    ) -> ReviewItem:
        """The item of this key, opened where there is none; see `open_items`."""
        self.open_items(program, kind, {key: content})
        query = _of(program, kind).where(review.c.key == key)
        with reading(self._engine) as connection:
            return _item(connection.execute(query).one())

    def open_items(self, program: str, kind: Kind, contents: Contents) -> tuple[ReviewItem, ...]:
        """Open an item for each key that has none; returns those that are open since now.

        An item that was withdrawn is opened again; one that a person decided stays decided.
        """
        with self._engine.begin() as connection:
            known = _states(connection, program, kind, list(contents))
            fresh = [key for key in contents if key not in known]
            again = [key for key, state in known.items() if state == "withdrawn"]
            common = {"state": "open", "opened_at": self._now(), **_UNDECIDED}
            rows = [{"program": program, "kind": kind, "key": key} for key in fresh]
            if rows:
                values = [{**row, "content": dict(contents[row["key"]]), **common} for row in rows]
                connection.execute(insert(review), values)
            for key in again:
                changed = {"content": dict(contents[key]), **common}
                connection.execute(update(review).where(*_is(program, kind, key)).values(changed))
            opened = {*fresh, *again}
            return tuple(i for i in _all(connection, _of(program, kind)) if i.key in opened)

    def get(self, seq: int) -> ReviewItem:
        """One item; NotFoundError where there is none of that number."""
        with reading(self._engine) as connection:
            return _existing(connection, seq)

    def open_one(self, seq: int) -> ReviewItem:
        """One open item. Raises ConflictError where it is decided already, NotFoundError."""
        found = self.get(seq)
        if found.state != "open":
            raise _decided(found)
        return found

    def items(
        self, *, program: str | None = None, kind: Kind | None = None, state: State | None = None
    ) -> tuple[ReviewItem, ...]:
        """The items that match, the oldest first."""
        with reading(self._engine) as connection:
            return _all(connection, _of(program, kind, state))

    def counts(self, program: str | None = None) -> dict[str, int]:
        """How many items are open, by kind; kinds without any are left out."""
        query = select(review.c.kind, func.count()).where(review.c.state == "open")
        if program is not None:
            query = query.where(review.c.program == program)
        with reading(self._engine) as connection:
            found = connection.execute(query.group_by(review.c.kind).order_by(review.c.kind))
            return {row[0]: row[1] for row in found}

    def decide(
        self,
        seq: int,
        state: Ruling,
        *,
        actor: str,
        comment: str | None = None,
        answer: Mapping[str, Any] | None = None,
    ) -> ReviewItem:
        """Decide an open item. Raises ConflictError where it is decided already, NotFoundError."""
        return self.decide_all({seq: answer}, state, actor=actor, comments={seq: comment})[0]

    def decide_all(
        self,
        answers: Mapping[int, Mapping[str, Any] | None],
        state: Ruling,
        *,
        actor: str,
        comments: Mapping[int, str | None],
    ) -> tuple[ReviewItem, ...]:
        """Decide all of these items, by number, or none; raises what `decide` raises."""
        with self._engine.begin() as connection:
            for seq, answer in answers.items():
                found = _existing(connection, seq)
                if found.state != "open":
                    raise _decided(found)
                self._close(connection, seq, state, actor, comments.get(seq), answer)
            return tuple(_existing(connection, seq) for seq in answers)

    def close(self, seq: int, state: Ruling, *, actor: str, comment: str | None) -> None:
        """Decide an item if it is still open: for who only follows what was decided elsewhere."""
        with self._engine.begin() as connection:
            self._close(connection, seq, state, actor, comment, None)

    def withdraw(self, program: str, kind: Kind, *, keep: Collection[str], comment: str) -> int:
        """Close the open items whose keys are not to be kept; returns how many."""
        open_ones = self.items(program=program, kind=kind, state="open")
        gone = [item for item in open_ones if item.key not in keep]
        for item in gone:
            self.close(item.seq, "withdrawn", actor="turn", comment=comment)
        return len(gone)

    def forget(self, program: str, unwanted: Callable[[ReviewItem], bool]) -> int:
        """Delete the unwanted items of a program, decided or not; returns how many."""
        gone = [item.seq for item in self.items(program=program) if unwanted(item)]
        with self._engine.begin() as connection:
            zero_what_is_deleted(connection)
            for some in pages(gone):
                connection.execute(delete(review).where(review.c.seq.in_(some)))
        return len(gone)

    def _close(
        self,
        connection: Connection,
        seq: int,
        state: Ruling,
        actor: str,
        comment: str | None,
        answer: Mapping[str, Any] | None,
    ) -> None:
        values = {
            "state": state,
            "actor": actor,
            "comment": comment or None,
            "answer": None if answer is None else dict(answer),
            "decided_at": self._now(),
        }
        is_open = (review.c.seq == seq) & (review.c.state == "open")
        connection.execute(update(review).where(is_open).values(values))


def _of(
    program: str | None = None, kind: Kind | None = None, state: State | None = None
) -> Select[Any]:
    wanted = {"program": program, "kind": kind, "state": state}
    conditions = [review.c[name] == value for name, value in wanted.items() if value is not None]
    return select(review).where(*conditions).order_by(review.c.seq)


def _is(program: str, kind: Kind, key: str) -> tuple[Any, ...]:
    return review.c.program == program, review.c.kind == kind, review.c.key == key


def _states(connection: Connection, program: str, kind: Kind, keys: list[str]) -> dict[str, State]:
    found: dict[str, State] = {}
    for some in pages(keys):
        rows = connection.execute(_of(program, kind).where(review.c.key.in_(some)))
        found |= {row.key: row.state for row in rows}
    return found


def _existing(connection: Connection, seq: int) -> ReviewItem:
    row = connection.execute(select(review).where(review.c.seq == seq)).one_or_none()
    if row is None:
        raise NotFoundError(
            seq,
            message=f"no item {seq} in the inbox",
            hint="dspyui review list --state all shows them",
        )
    return _item(row)


def _all(connection: Connection, query: Select[Any]) -> tuple[ReviewItem, ...]:
    return tuple(_item(row) for row in connection.execute(query))


def _item(row: Row[Any]) -> ReviewItem:
    return ReviewItem(**row._mapping)


def _decided(item: ReviewItem) -> ConflictError:
    return ConflictError(
        f"item {item.seq} was {item.state} already, by {item.actor}",
        hint=f"who and why: dspyui review show {item.seq}",
    )
