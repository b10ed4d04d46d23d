"""Scores with their intervals, drawn on a line from 0 to 1."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from dspyui_core.records import Interval
from dspyui_core.turn import Evaluated

ROLES = ("baseline", "champion", "candidate")
CELLS = 40


def scorecard(evaluated: Evaluated) -> Table:
    """The programs of a turn on the holdout, the uncompiled one first."""
    table = score_table()
    for role in ROLES:
        if role in evaluated.scores:
            table.add_row(role, *score_cells(evaluated.scores[role], evaluated.intervals[role]))
    return table


def score_table() -> Table:
    """An empty table for `score_cells`, with a first column for names."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("score", justify="right")
    table.add_column("95 % interval")
    table.add_column(f"0{'1'.rjust(CELLS - 1)}")
    return table


def score_cells(score: float, interval: Interval) -> tuple[str, str, Text]:
    """A score 0..1 as the cells of a row: in figures, its interval, and both as a line."""
    ends = f"{interval.low:.3f} to {interval.high:.3f}"
    return f"{score:.3f}", ends, _bar(score, interval.low, interval.high)


def _bar(score: float, low: float, high: float) -> Text:
    """The score on a line from 0 to 1, its interval around it."""
    at = [min(CELLS - 1, int(value * CELLS)) for value in (low, score, high)]
    cells = ["─" if at[0] <= cell <= at[2] else " " for cell in range(CELLS)]
    cells[at[1]] = "●"
    return Text("".join(cells), style="green")
