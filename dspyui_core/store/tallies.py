"""Tallies: how many answers there are, and what the latest word of each user on them comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Row,
    Select,
    and_,
    case,
    func,
    select,
)

from dspyui_core.store.engine import reading
from dspyui_core.store.words import ANSWER, FEEDBACK, RATING, RETRACTED, WORD, superseded

_CORRECTION = func.coalesce(WORD.c.payload["corrected_output"].as_string(), "")


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of a program's answers (of one version, where `version` names it).

    `rated` counts answers that somebody's latest word is on, `retracted` users who took theirs
    back; the others count latest words. `users` are those with a name. `position` and `at` are of
    the newest feedback, 0 and None where there is none.
    """

    version: int | None
    predictions: int
    rated: int = 0
    up: int = 0
    down: int = 0
    corrected: int = 0
    retracted: int = 0
    users: int = 0
    position: int = 0
    at: datetime | None = None


def tally(engine: Engine, program: str) -> tuple[Tally, tuple[Tally, ...]]:
    """The counts of a program, and those of each version that answered, None first."""
    answers = _answers(program)
    with reading(engine) as connection:
        total = connection.execute(answers).scalar_one()
        words = connection.execute(_words(program)).one()
        versions = connection.execute(_by_version(answers)).all()
        spoken = {row.version: row for row in connection.execute(_by_version(_words(program)))}
    each = [_tally(row.version, row.predictions, spoken.get(row.version)) for row in versions]
    each.sort(key=lambda one: one.version or 0)
    return _tally(None, total, words), tuple(each)


def _answers(program: str) -> Select[Any]:
    count = func.count().label("predictions")
    return select(count).where(ANSWER.c.program == program, ANSWER.c.kind == "prediction")


def _words(program: str) -> Select[Any]:
    """What the latest words on a program's answers come to."""
    counts = and_(WORD.c.kind == FEEDBACK, WORD.c.program == program, ~superseded())
    return (
        select(
            func.count(_standing(WORD.c.trace_id).distinct()).label("rated"),
            _many(RATING == "thumbs_up").label("up"),
            _many(RATING == "thumbs_down").label("down"),
            _many(_CORRECTION.not_in(("", "{}"))).label("corrected"),
            _many(RETRACTED).label("retracted"),
            func.count(_standing(WORD.c.user_id).distinct()).label("users"),
            func.coalesce(func.max(WORD.c.position), 0).label("position"),
            func.max(WORD.c.at).label("at"),
        )
        .select_from(WORD)
        .join(ANSWER, and_(ANSWER.c.trace_id == WORD.c.trace_id, ANSWER.c.kind == "prediction"))
        .where(counts)
    )


def _standing(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column where the word was not taken back, nothing where it was."""
    return case((~RETRACTED, column))


def _many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _by_version(query: Select[Any]) -> Select[Any]:
    return query.add_columns(ANSWER.c.version).group_by(ANSWER.c.version)


def _tally(version: int | None, predictions: int, words: Row[Any] | None) -> Tally:
    if words is None:
        return Tally(version, predictions)
    counts = {name: value for name, value in words._mapping.items() if name != "version"}
    return Tally(version, predictions, **counts)
