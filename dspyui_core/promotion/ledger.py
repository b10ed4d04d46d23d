"""The decision ledger: append-only, one chain per program, the truth of promotion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Select, insert, select
from sqlalchemy.exc import IntegrityError

from dspyui_core.errors import ConflictError
from dspyui_core.store.engine import reading
from dspyui_core.store.entries import newest_position
from dspyui_core.store.tables import decision

__all__ = ["Kind", "Ledger", "LedgerEntry"]

Kind = Literal[
    "turn",
    "promotion",
    "rollback",
    "external",
    "acknowledgement",
    "epoch",
    "pause",
    "resume",
    "pin",
    "unpin",
    "watch",
]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One decision. `predecessor` is the seq of the decision before it, 0 for the first.

    A verdict of promote makes `version` the champion; None means that no version serves. `position`
    is the journal's newest when it was made.
    """

    seq: int
    program: str
    predecessor: int
    turn_id: str | None
    kind: Kind
    verdict: str
    version: int | None
    reasons: list[str]
    evidence: dict[str, Any]
    actor: str
    epoch: int
    look: int
    at: datetime
    level: float | None = None
    position: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """What is told of it where it changes who serves."""
        told = {"version": self.version, "decision": self.seq, "actor": self.actor}
        return {**told, "at": self.at.isoformat()}


class Ledger:
    """Reads and appends decisions; the chain lets exactly one of two promoters win."""

    def __init__(
        self, engine: Engine, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._now = now

    def append(
        self,
        program: str,
        *,
        predecessor: int,
        kind: Kind,
        verdict: str,
        actor: str,
        version: int | None = None,
        reasons: tuple[str, ...] = (),
        evidence: Mapping[str, Any] | None = None,
        turn_id: str | None = None,
        level: float | None = None,
    ) -> LedgerEntry:
        """Append a decision made on top of `predecessor`; a turn's decision is appended once.

        A turn's is a look at the holdout, which spent `level` of its epoch's error; one of kind
        `epoch` opens the next. Raises ConflictError where somebody decided since `predecessor`.
        """
        values = {
            "program": program,
            "predecessor": predecessor,
            "kind": kind,
            "verdict": verdict,
            "actor": actor,
            "version": version,
            "reasons": list(reasons),
            "evidence": dict(evidence or {}),
            "turn_id": turn_id,
            "level": level,
            "at": self._now(),
        }
        try:
            with self._engine.begin() as connection:
                known = self._of_turn(connection, turn_id)
                return known or self._insert(connection, values)
        except IntegrityError:
            raise ConflictError(
                f"somebody else decided about {program!r} after decision {predecessor}",
                hint=f"look at: dspyui model show {program}, then try again",
            ) from None

    def history(self, program: str) -> list[LedgerEntry]:
        """Every decision of a program, the newest first."""
        with reading(self._engine) as connection:
            return [_entry(row) for row in connection.execute(_newest_first(program))]

    def last(self, program: str) -> int:
        """The seq of the newest decision, 0 where there is none."""
        with reading(self._engine) as connection:
            return _last(connection, program)

    def champion(self, program: str) -> LedgerEntry | None:
        """The decision that made the present champion, or None where nothing was ever promoted."""
        query = _newest_first(program).where(decision.c.verdict == "promote").limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _entry(row)

    def decided_versions(self, program: str) -> frozenset[int]:
        """The versions that any decision is about."""
        return frozenset(e.version for e in self.history(program) if e.version is not None)

    def programs(self) -> list[str]:
        """The names of all programs with a decision, sorted."""
        query = select(decision.c.program).distinct().order_by(decision.c.program)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def _of_turn(self, connection: Connection, turn_id: str | None) -> LedgerEntry | None:
        if turn_id is None:
            return None
        query = select(decision).where(decision.c.turn_id == turn_id)
        row = connection.execute(query).one_or_none()
        return None if row is None else _entry(row)

    def _insert(self, connection: Connection, values: dict[str, Any]) -> LedgerEntry:
        program = values["program"]
        if _last(connection, program) != values["predecessor"]:
            raise ConflictError(
                f"somebody else decided about {program!r} after decision {values['predecessor']}",
                hint=f"look at: dspyui model show {program}, then try again",
            )
        epoch, look = _next(connection, program, values["kind"])
        placed = {"epoch": epoch, "look": look, "position": newest_position(connection)}
        connection.execute(insert(decision).values(**values, **placed))
        return _entry(connection.execute(_newest_first(program).limit(1)).one())


def _next(connection: Connection, program: str, kind: Kind) -> tuple[int, int]:
    """The epoch that a decision of this kind is made in, and how many looks were taken in it."""
    rows = connection.execute(_newest_first(program)).all()
    epoch = max((row.epoch for row in rows), default=0 if kind == "epoch" else 1)
    if kind == "epoch":
        return epoch + 1, 0
    taken = sum(row.epoch == epoch and row.kind == "turn" for row in rows)
    return epoch, taken + (kind == "turn")


def _newest_first(program: str) -> Select[Any]:
    return select(decision).where(decision.c.program == program).order_by(decision.c.seq.desc())


def _last(connection: Connection, program: str) -> int:
    row = connection.execute(_newest_first(program).limit(1)).one_or_none()
    return 0 if row is None else int(row.seq)


def _entry(row: Any) -> LedgerEntry:
    return LedgerEntry(**row._mapping)
