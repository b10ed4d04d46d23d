"""Answers as a watch sees them: who answered, whether it failed, and how long it took."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, select

from dspyui_core.store.engine import reading
from dspyui_core.store.tables import journal

__all__ = ["Measured", "measured_answers", "newest_measured"]

_ERROR = journal.c.payload["error"].as_string()
_LATENCY = journal.c.payload["latency_ms"].as_float()


@dataclass(frozen=True, slots=True)
class Measured:
    """One answer; `latency_ms` is None where nobody measured it."""

    position: int
    trace_id: str
    version: int
    at: datetime
    failed: bool
    latency_ms: float | None


def measured_answers(
    engine: Engine, program: str, versions: Collection[int], *, since: int, limit: int
) -> list[Measured]:
    """The first answers of these versions after position `since`, in order, at most `limit`."""
    query = _of(program, versions).where(journal.c.position > since)
    return _read(engine, query.order_by(journal.c.position).limit(limit))


def newest_measured(
    engine: Engine, program: str, version: int, *, upto: int, limit: int
) -> list[Measured]:
    """The last answers of a version up to position `upto`, the newest first, at most `limit`."""
    query = _of(program, [version]).where(journal.c.position <= upto)
    return _read(engine, query.order_by(journal.c.position.desc()).limit(limit))


def _of(program: str, versions: Collection[int]) -> Select[Any]:
    columns = (journal.c.position, journal.c.trace_id, journal.c.version, journal.c.at)
    return select(*columns, _ERROR.label("error"), _LATENCY.label("latency_ms")).where(
        journal.c.program == program,
        journal.c.kind == "prediction",
        journal.c.version.in_(versions),
    )


def _read(engine: Engine, query: Select[Any]) -> list[Measured]:
    with reading(engine) as connection:
        return [
            Measured(r.position, r.trace_id, r.version, r.at, r.error is not None, r.latency_ms)
            for r in connection.execute(query)
        ]
