"""What is recorded of feedback: under which keys, on which traces, and what of it is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Engine, select

from dspyui_core.store.admission import feedback_key
from dspyui_core.store.engine import reading
from dspyui_core.store.entries import WITHOUT_SPANS, Entry, entry_of, hashed_key
from dspyui_core.store.erasing import entries_on_traces, pages
from dspyui_core.store.tables import journal, payload_field, spent_key


def feedback_by_key(engine: Engine, idem_keys: Iterable[str]) -> dict[str, Entry | None]:
    """By key, the feedback recorded under it, or None where that is gone; unused keys are left out.

    Everything is as at one moment: what goes meanwhile is found as one of the two.
    """
    stored = {feedback_key(key): key for key in idem_keys}
    hashed = {hashed_key(name): key for name, key in stored.items()}
    found: dict[str, Entry | None] = {}
    query = select(*WITHOUT_SPANS, journal.c.idem_key)
    with reading(engine) as connection:
        for some in pages(list(hashed)):
            spent = select(spent_key.c.key_hash).where(spent_key.c.key_hash.in_(some))
            found |= dict.fromkeys(hashed[name] for name in connection.execute(spent).scalars())
        for some in pages(list(stored)):
            for row in connection.execute(query.where(journal.c.idem_key.in_(some))):
                found[stored[row.idem_key]] = entry_of(row)
    return found


def feedback_by_trace(engine: Engine, trace_ids: Iterable[str]) -> Mapping[str, Sequence[Entry]]:
    """By trace, all feedback on it in order; traces without any are left out."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries_on_traces(engine, set(trace_ids)):
        if entry.kind == "feedback":
            found[entry.trace_id].append(entry)
    return dict(found)


def forgotten_positions(engine: Engine, positions: Sequence[int]) -> set[int]:
    """Those of the positions whose entry was there once and is gone."""
    found: set[int] = set()
    with reading(engine) as connection:
        for some in pages(positions):
            query = select(spent_key.c.position).where(spent_key.c.position.in_(some))
            found |= set(connection.execute(query).scalars())
    return found


def newest_predictions(engine: Engine, program: str, *, upto: int, limit: int) -> list[Entry]:
    """The last predictions of a program up to a position, the newest first, at most `limit`."""
    query = select(*WITHOUT_SPANS).where(
        journal.c.program == program, journal.c.kind == "prediction", journal.c.position <= upto
    )
    with reading(engine) as connection:
        found = connection.execute(query.order_by(journal.c.position.desc()).limit(limit))
        return [entry_of(row) for row in found]


def field_names(engine: Engine, program: str) -> tuple[str, ...]:
    """Every input, then every output, that a program's answers ever had, in order first seen."""
    query = select(payload_field.c.name).where(payload_field.c.program == program)
    query = query.order_by(payload_field.c.role, payload_field.c.seq)
    with reading(engine) as connection:
        return tuple(dict.fromkeys(connection.execute(query).scalars()))
