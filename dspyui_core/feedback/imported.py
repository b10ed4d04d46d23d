"""What an import of feedback comes to, as its command prints it."""

from __future__ import annotations

from pathlib import Path

from dspyui_core.records import Record

SHOWN_ROWS = 50


class Imported(Record):
    """The rows of a feedback file: recorded just now, there before, or not taken as stale.

    `stale` rows, without a key of their own, were recorded before, and their user has said
    something else since: whether they say it once more, only a key could tell. `stale_rows` are
    the first 50 of them, 1-based. `retracted` counts those recorded that take back.
    """

    path: Path
    rows: int
    recorded: int
    repeated: int
    stale: int
    retracted: int
    stale_rows: tuple[int, ...] = ()
