"""The split ledger: which input went to which split, written once and never changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, func, insert, or_, select, update

from dspyui_core.datasets.rows import AUDIT
from dspyui_core.errors import ConflictError
from dspyui_core.records import SplitName
from dspyui_core.store.engine import reading
from dspyui_core.store.erasing import pages
from dspyui_core.store.tables import split as table


@dataclass(frozen=True, slots=True)
class Place:
    """Where an input went: its split, the group it was decided with, and its text."""

    split: SplitName
    group: str
    text: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """One program's places by input key, as they stood when entry `last` was the newest."""

    places: Mapping[str, Place] = field(default_factory=dict)
    last: int = 0


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A place to be written down, with the provenance of the row that asked for it."""

    key: str
    place: Place
    trust: str
    source: str


def read_ledger(engine: Engine, program: str) -> Ledger:
    """All places of one program; waits for no writer."""
    query = select(table).where(table.c.program == program).order_by(table.c.seq)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    places = {row.key: Place(row.split, row.group_key, row.text) for row in rows}
    return Ledger(places, rows[-1].seq if rows else 0)


def extend_ledger(
    engine: Engine, program: str, new: Sequence[NewPlace], *, after: int, at: datetime
) -> None:
    """Write all new places in one transaction.

    Raises ConflictError where entry `after` is no longer the newest: the near-duplicate search
    takes too long to hold the write lock meanwhile.
    """
    if not new:
        return
    newest = select(func.max(table.c.seq)).where(table.c.program == program)
    with engine.begin() as connection:
        if (connection.execute(newest).scalar() or 0) != after:
            raise ConflictError(
                f"the splits of {program!r} grew while these were being decided",
                hint="run it again",
            )
        connection.execute(insert(table), [_values(program, place, at) for place in new])


def hold_out(
    engine: Engine, program: str, texts: Mapping[str, str], *, after: int, at: datetime
) -> None:
    """Give inputs of the audit sample, by key, to the holdout; raises what `extend_ledger` raises.

    From then on feedback on them, and on what they nearly repeat, is parked.
    """
    places = {key: Place("holdout", key, text) for key, text in texts.items()}
    new = [NewPlace(key, place, "audit", AUDIT) for key, place in places.items()]
    extend_ledger(engine, program, new, after=after, at=at)


def blank_texts(
    engine: Engine, program: str, keys: Collection[str], *, gold_too: bool = False
) -> int:
    """Take the texts of inputs out of the ledger; returns of how many.

    Key and split stay, so the input keeps its side for ever; what merely resembles it is not
    recognised any more. An input that the user's own file brought keeps its text unless `gold_too`.
    """
    blanked = 0
    asked = or_(table.c.trust != "gold", table.c.source == AUDIT)
    with engine.begin() as connection:
        for some in pages(sorted(keys)):
            held = [table.c.program == program, table.c.key.in_(some), table.c.text != ""]
            held += [] if gold_too else [asked]
            blanked += connection.execute(update(table).where(*held).values(text="")).rowcount
    return blanked


def _values(program: str, new: NewPlace, at: datetime) -> dict[str, object]:
    return {
        "program": program,
        "key": new.key,
        "split": new.place.split,
        "group_key": new.place.group,
        "trust": new.trust,
        "source": new.source,
        "text": new.place.text,
        "at": at,
    }
