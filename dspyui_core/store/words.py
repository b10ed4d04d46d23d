"""Words: the latest that each user said of each answer, with the answer, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Row,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
)

from dspyui_core.store.engine import reading
from dspyui_core.store.entries import WITHOUT_SPANS, Entry
from dspyui_core.store.tables import journal, payload_field

PAGE = 1000
WORD, ANSWER, _later = (journal.alias(name) for name in ("word", "answer", "later"))
# Spelled out, not bound: only so does SQLite see that the index of feedback alone will do.
FEEDBACK = literal("feedback", literal_execute=True)
RETRACTED = func.coalesce(WORD.c.payload["retracted"].as_boolean(), False)
RATING = WORD.c.payload["rating"].as_string()
_NAMES = tuple(column.name for column in WITHOUT_SPANS)
_COLUMNS = [
    table.c[name].label(f"{table.name}_{name}") for table in (WORD, ANSWER) for name in _NAMES
]


@dataclass(frozen=True, slots=True)
class Word:
    """What a user said last of an answer, and the answer."""

    feedback: Entry
    answer: Entry


@dataclass(frozen=True, slots=True)
class Window:
    """Which words: of a program, said after position `since` and up to `upto`.

    A word counts where it is the user's last one up to `upto`, and was not taken back. `said_from`
    and `said_until` are times of the feedback, both included; `version` is who answered.
    """

    program: str
    since: int
    upto: int
    rating: str | None = None
    said_from: datetime | None = None
    said_until: datetime | None = None
    version: int | None = None


def latest_words(engine: Engine, window: Window, *, limit: int | None = None) -> Iterator[Word]:
    """The words in the order in which they were said, at most `limit`.

    Holds one page in memory and no connection between pages.
    """
    query = select(*_COLUMNS).select_from(_joined()).where(*_conditions(window))
    query = query.order_by(WORD.c.position)
    since, left = window.since, limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = _page(engine, query.where(WORD.c.position > since).limit(size))
        yield from page
        if len(page) < size:
            return
        since = page[-1].feedback.position
        left = None if left is None else left - len(page)


def count_words(engine: Engine, window: Window) -> int:
    """How many words there are."""
    query = select(func.count()).select_from(_joined()).where(*_conditions(window))
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def end_of(engine: Engine, window: Window, limit: int) -> int:
    """The position up to which the first `limit` words are everything there is."""
    query = select(WORD.c.position).select_from(_joined()).where(*_conditions(window))
    with reading(engine) as connection:
        found = connection.execute(query.order_by(WORD.c.position).limit(limit + 1)).scalars()
        positions = list(found)
    if len(positions) <= limit:
        return window.upto
    return positions[limit - 1] if limit > 0 else window.since


def field_names(engine: Engine, program: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The inputs and the outputs that a program's answers ever had, in the order first seen."""
    query = select(payload_field).where(payload_field.c.program == program)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(payload_field.c.seq)).all()
    inputs, outputs = ([row.name for row in rows if row.role == r] for r in ("input", "output"))
    return tuple(inputs), tuple(outputs)


def superseded(upto: int | None = None) -> ColumnElement[bool]:
    """Whether the same user said something later of the same answer (up to a position)."""
    later = [
        _later.c.trace_id == WORD.c.trace_id,
        _later.c.kind == "feedback",
        _later.c.position > WORD.c.position,
        _later.c.user_id.is_not_distinct_from(WORD.c.user_id),
        # Nobody without a name is authenticated, whatever was said.
        or_(_later.c.authenticated == WORD.c.authenticated, WORD.c.user_id.is_(None)),
    ]
    return exists().where(*later, *([] if upto is None else [_later.c.position <= upto]))


def _joined() -> Any:
    of_it = and_(ANSWER.c.trace_id == WORD.c.trace_id, ANSWER.c.kind == "prediction")
    return WORD.join(ANSWER, of_it)


def _conditions(window: Window) -> list[ColumnElement[bool]]:
    wanted = [
        None if window.rating is None else window.rating == RATING,
        None if window.said_from is None else WORD.c.at >= window.said_from,
        None if window.said_until is None else WORD.c.at <= window.said_until,
        None if window.version is None else ANSWER.c.version == window.version,
    ]
    return [
        WORD.c.kind == FEEDBACK,
        WORD.c.program == window.program,
        WORD.c.position > window.since,
        WORD.c.position <= window.upto,
        RETRACTED.is_(False),
        ~superseded(window.upto),
        *(condition for condition in wanted if condition is not None),
    ]


def _page(engine: Engine, query: Select[Any]) -> list[Word]:
    with reading(engine) as connection:
        return [
            Word(_entry(row, WORD.name), _entry(row, ANSWER.name))
            for row in connection.execute(query)
        ]


def _entry(row: Row[Any], table: str) -> Entry:
    return Entry(**{name: row._mapping[f"{table}_{name}"] for name in _NAMES})
