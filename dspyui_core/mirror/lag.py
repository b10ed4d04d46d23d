"""How far MLflow is behind the journal."""

from __future__ import annotations

from dspyui_core.mirror.naming import CONSUMER
from dspyui_core.records import Record
from dspyui_core.store.clock import Now, utc_now
from dspyui_core.store.journal import Journal
from dspyui_core.store.watermarks import Watermarks


class Lag(Record):
    """What MLflow has not yet: how many entries, and the age of the oldest in seconds."""

    entries: int
    seconds: float

    def __str__(self) -> str:
        if not self.entries:
            return "MLflow has everything"
        noun = "entry" if self.entries == 1 else "entries"
        return f"{self.entries} {noun} not in MLflow yet, the oldest {self.seconds:.1f} s old"


def lag_of(journal: Journal, watermarks: Watermarks, program: str, *, now: Now = utc_now) -> Lag:
    """The lag of one program."""
    position = watermarks.get(program, CONSUMER)
    oldest = next(journal.since(position, program=program, limit=1), None)
    if oldest is None:
        return Lag(entries=0, seconds=0.0)
    age = (now() - oldest.at).total_seconds()
    entries = journal.count(program=program, since=position)
    return Lag(entries=entries, seconds=round(max(age, 0.0), 1))
