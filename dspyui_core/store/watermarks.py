"""Watermarks: up to which journal position each consumer has read, per program."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Engine, insert, select, update

from dspyui_core.store.engine import reading
from dspyui_core.store.tables import watermark


class Watermarks:
    """Named positions that only move forwards."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, program: str, consumer: str) -> int:
        """The position up to which this consumer has read, 0 before its first read."""
        with reading(self._engine) as connection:
            return _position(connection, program, consumer) or 0

    def all_of(self, program: str) -> dict[str, int]:
        """The position of everybody who ever read this program, by consumer."""
        query = select(watermark.c.consumer, watermark.c.position)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(watermark.c.program == program))
            return {row.consumer: row.position for row in rows}

    def advance(self, program: str, consumer: str, position: int) -> int:
        """Move forward to `position`, never back; returns the position in force."""
        with self._engine.begin() as connection:
            current = _position(connection, program, consumer)
            if current is None:
                row = {"program": program, "consumer": consumer, "position": position}
                connection.execute(insert(watermark).values(row))
            elif position > current:
                changed = update(watermark).where(*_is(program, consumer))
                connection.execute(changed.values(position=position))
            return max(current or 0, position)


def _position(connection: Connection, program: str, consumer: str) -> int | None:
    query = select(watermark.c.position).where(*_is(program, consumer))
    return connection.execute(query).scalar()


def _is(program: str, consumer: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return watermark.c.program == program, watermark.c.consumer == consumer
