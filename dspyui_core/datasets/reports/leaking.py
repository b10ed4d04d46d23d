"""Leaking rows: which rows the rows between two splits nearly repeat, by their places alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from dspyui_core.datasets.findings import FoundAt
from dspyui_core.datasets.rows import Row, input_text
from dspyui_core.datasets.splitting.assigning import Assigned

__all__ = ["repeated_rows"]

# As many as a person reads: to name a row, every row has to be looked at.
_NAMED: Final = 100


def repeated_rows(assigned: Assigned) -> Mapping[FoundAt, tuple[str, ...]]:
    """For each of the first leaking rows, what it repeats, as in `row 12 of test.csv (holdout)`.

    No word of such a row is in it. What was known of before and is in this version no more has no
    place, and is left out.
    """
    asked = dict(islice(assigned.repeated.items(), _NAMED))
    wanted = {text for texts in asked.values() for text in texts if text}
    named = _places(assigned.rows, wanted) if wanted else {}
    return {
        at: tuple(named[text] for text in texts if text in named) for at, texts in asked.items()
    }


def _places(rows: Iterable[Row], wanted: set[str]) -> dict[str, str]:
    texts = ((input_text(row.inputs), row) for row in rows)
    return {text: _place(row) for text, row in texts if text in wanted}


def _place(row: Row) -> str:
    if row.trace_id is not None:
        return f"trace {row.trace_id[:11]} ({row.split})"
    return f"row {row.data_row} of {row.source} ({row.split})"
