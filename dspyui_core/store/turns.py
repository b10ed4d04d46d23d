"""Turns and their finished steps: what lets the same command resume a turn after a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    delete,
    func,
    insert,
    select,
    update,
)

from dspyui_core.errors import ConflictError, TurnNotFoundError
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.engine import reading
from dspyui_core.store.tables import step, turn

# Between the names of a step and of a part of it; no step has it in its own name.
_PART = "/"
# A turn that measured nothing says nothing about what the next one may skip.
UNMEASURED = ("nothing-new", "abandoned")


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn with the inputs that its first step fixed; the last four are empty while open.

    `number` counts from 1 per program; `feedback_upto` is a journal position; `champion` is the
    version that served when the turn opened.
    """

    turn_id: str
    program: str
    number: int
    spec_hash: str
    dataset_version: str
    identity: str
    feedback_upto: int
    champion: int | None
    core_version: str
    state: Literal["open", "closed"]
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None
    report: dict[str, Any] | None


class Turns:
    """The turns table and the steps table; the turn lock decides who may write to them."""

    def __init__(self, engine: Engine, *, now: Now = utc_now) -> None:
        self._engine = engine
        self._now = now

    def open(
        self,
        program: str,
        *,
        spec_hash: str,
        dataset_version: str,
        identity: str,
        feedback_upto: int,
        champion: int | None,
        core_version: str,
    ) -> TurnRow:
        """Open the program's next turn; ConflictError where one is open already."""
        fixed = {
            "program": program,
            "spec_hash": spec_hash,
            "dataset_version": dataset_version,
            "identity": identity,
            "feedback_upto": feedback_upto,
            "champion": champion,
            "core_version": core_version,
        }
        with self._engine.begin() as connection:
            _refuse_second(connection, program)
            number = _last_number(connection, program) + 1
            turn_id = f"{program}-{number:04d}"
            own = {"turn_id": turn_id, "number": number, "state": "open", "opened_at": self._now()}
            connection.execute(insert(turn).values({**fixed, **own}))
            return _existing(connection, turn_id)

    def open_turn_of(self, program: str) -> TurnRow | None:
        """The turn to resume, or None where the next command opens a new one."""
        with reading(self._engine) as connection:
            return _open_turn(connection, program)

    def get(self, turn_id: str) -> TurnRow:
        """One turn; TurnNotFoundError where there is none of that id."""
        with reading(self._engine) as connection:
            return _existing(connection, turn_id)

    def step(self, turn_id: str, name: str) -> dict[str, Any] | None:
        """The ref of a finished step, or None where that step is still to do."""
        return self.steps(turn_id).get(name)

    def steps(self, turn_id: str) -> dict[str, dict[str, Any]]:
        """The refs of all finished steps by name, in the order they finished."""
        whole = (step.c.turn_id == turn_id) & ~step.c.name.contains(_PART)
        query = select(step).where(whole).order_by(step.c.at, step.c.name)
        with reading(self._engine) as connection:
            return {row.name: row.ref for row in connection.execute(query)}

    def record_step(self, turn_id: str, name: str, ref: Mapping[str, Any]) -> dict[str, Any]:
        """Record a step as finished; a repeat keeps the first ref. Returns the ref that counts."""
        is_it = (step.c.turn_id == turn_id) & (step.c.name == name)
        with self._engine.begin() as connection:
            _existing(connection, turn_id)
            if connection.execute(select(step.c.ref).where(is_it)).first() is None:
                row = {"turn_id": turn_id, "name": name, "ref": dict(ref), "at": self._now()}
                connection.execute(insert(step).values(row))
            kept: dict[str, Any] = connection.execute(select(step.c.ref).where(is_it)).scalar_one()
            return kept

    def keep_part(
        self, turn_id: str, name: str, part: str, content: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Keep what a part of an unfinished step came to; a repeat keeps the first.

        Returns what counts.
        """
        return self.record_step(turn_id, f"{name}{_PART}{part}", content)

    def parts(self, turn_id: str, name: str, prefix: str = "") -> dict[str, dict[str, Any]]:
        """What was kept of a step's parts, by their names, in the order they were kept."""
        first = len(name) + len(_PART)
        query = select(step).where(_is_part(turn_id, name, prefix)).order_by(step.c.at, step.c.name)
        with reading(self._engine) as connection:
            return {row.name[first:]: row.ref for row in connection.execute(query)}

    def drop_parts(self, turn_id: str, name: str) -> None:
        """Let go of a step's parts: it is finished, and has its own ref."""
        with self._engine.begin() as connection:
            connection.execute(delete(step).where(_is_part(turn_id, name)))

    def close(self, turn_id: str, outcome: str, report: Mapping[str, Any] | None = None) -> TurnRow:
        """Close a turn; a repeat with the same outcome keeps the first report.

        What was kept of a step that it never finished goes. Raises ConflictError where it was
        closed with another outcome.
        """
        with self._engine.begin() as connection:
            found = _existing(connection, turn_id)
            if found.state == "open":
                ending = {"state": "closed", "outcome": outcome, "closed_at": self._now()}
                ending["report"] = None if report is None else dict(report)
                connection.execute(update(turn).where(turn.c.turn_id == turn_id).values(ending))
                _drop_parts(connection, turn_id)
            elif found.outcome != outcome:
                raise ConflictError(
                    f"turn {turn_id!r} is already closed as {found.outcome!r}, not {outcome!r}",
                    hint="a closed turn is history; run the flow again for a new turn",
                )
            return _existing(connection, turn_id)

    def redact(self, program: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
        """Take out of a program's finished steps and reports what has to be forgotten.

        `change` gets each of them and returns it as it may stay. Returns how many it changed. What
        is kept of unfinished steps goes altogether: it is found again when they are taken up.
        """
        changed = 0
        with self._engine.begin() as connection:
            for row in connection.execute(_newest_first(program)).all():
                kept = {} if row.report is None else change(row.report)
                if kept != (row.report or {}):
                    is_it = turn.c.turn_id == row.turn_id
                    connection.execute(update(turn).where(is_it).values(report=kept))
                    changed += 1
                _drop_parts(connection, row.turn_id)
                changed += _redact_steps(connection, row.turn_id, change)
        return changed

    def last_closed(
        self, program: str, *, outcomes_except: Sequence[str] = UNMEASURED
    ) -> TurnRow | None:
        """The newest closed turn with none of these outcomes, or None where there is none."""
        wanted = (turn.c.state == "closed") & turn.c.outcome.not_in(outcomes_except)
        query = _newest_first(program).where(wanted).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _turn_row(row)

    def programs(self) -> tuple[str, ...]:
        """The names of all programs that ever had a turn, sorted."""
        query = select(turn.c.program).distinct().order_by(turn.c.program)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def history(self, program: str, limit: int = 20) -> tuple[TurnRow, ...]:
        """The program's newest turns, newest first, open ones included."""
        with reading(self._engine) as connection:
            rows = connection.execute(_newest_first(program).limit(limit))
            return tuple(_turn_row(row) for row in rows)


def _is_part(turn_id: str, name: str, prefix: str = "") -> ColumnElement[bool]:
    named = step.c.name.startswith(f"{name}{_PART}{prefix}", autoescape=True)
    return (step.c.turn_id == turn_id) & named


def _drop_parts(connection: Connection, turn_id: str) -> None:
    parts = (step.c.turn_id == turn_id) & step.c.name.contains(_PART)
    connection.execute(delete(step).where(parts))


def _redact_steps(
    connection: Connection, turn_id: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> int:
    changed = 0
    for row in connection.execute(select(step).where(step.c.turn_id == turn_id)).all():
        kept = change(row.ref)
        if kept != row.ref:
            is_it = (step.c.turn_id == turn_id) & (step.c.name == row.name)
            connection.execute(update(step).where(is_it).values(ref=kept))
            changed += 1
    return changed


def _newest_first(program: str) -> Select[Any]:
    return select(turn).where(turn.c.program == program).order_by(turn.c.number.desc())


def _open_turn(connection: Connection, program: str) -> TurnRow | None:
    query = _newest_first(program).where(turn.c.state == "open").limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _turn_row(row)


def _refuse_second(connection: Connection, program: str) -> None:
    found = _open_turn(connection, program)
    if found is not None:
        raise ConflictError(
            f"turn {found.turn_id!r} of {program!r} is still open",
            hint="resume it, or close it as abandoned first",
        )


def _last_number(connection: Connection, program: str) -> int:
    query = select(func.max(turn.c.number)).where(turn.c.program == program)
    return connection.execute(query).scalar() or 0


def _existing(connection: Connection, turn_id: str) -> TurnRow:
    row = connection.execute(select(turn).where(turn.c.turn_id == turn_id)).one_or_none()
    if row is None:
        raise TurnNotFoundError(turn_id, hint="list the turns with: dspyui status")
    return _turn_row(row)


def _turn_row(row: Row[Any]) -> TurnRow:
    return TurnRow(**row._mapping)
