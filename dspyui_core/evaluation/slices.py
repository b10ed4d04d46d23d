"""Slices: which groups a row belongs to, and how programs score in each of them.

A row is sliced by the label of each literal or bool output, by the length of its input text in
fixed buckets, and by the metadata columns that the spec names in `dataset.slices`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from dspyui_core.comparison import compare
from dspyui_core.datasets import input_text
from dspyui_core.fields import Field
from dspyui_core.programs import LabelledRow
from dspyui_core.records import ScoreCard, ScoreRow, SliceComparison, SliceScore
from dspyui_core.spec import LENGTH_SLICE

__all__ = [
    "OTHER",
    "SMALLEST",
    "SlicedRow",
    "compare_slices",
    "score_slices",
    "slices_of",
]

OTHER: Final = "(other)"
# Of fewer rows nothing can be told; such values are taken together as OTHER.
SMALLEST: Final = 10
# Characters of the normalised input text: a line, a message, a letter, and what is longer.
_BUCKETS: Final = ((50, "under 50"), (200, "50 to 199"), (1000, "200 to 999"))
_LONGEST: Final = "1000 and more"


class SlicedRow(LabelledRow, Protocol):
    """A labelled row with its metadata: column to value, as texts."""

    @property
    def slices(self) -> Mapping[str, str]: ...


def slices_of(row: SlicedRow, outputs: Sequence[Field]) -> dict[str, str]:
    """The value that a row has in each column by which rows are sliced."""
    labels = {
        field.name: _text(row.labels[field.name])
        for field in outputs
        if field.type in ("literal", "bool") and row.labels.get(field.name) is not None
    }
    return {**labels, LENGTH_SLICE: _bucket(len(input_text(row.inputs))), **row.slices}


def score_slices(card: ScoreCard) -> tuple[SliceScore, ...]:
    """The mean score in every slice, column by column, the largest slice first, OTHER last.

    A column in which all rows have one value says nothing, and is left out.
    """
    found = []
    for column, value, rows in _groups(card.rows):
        part = card.model_copy(update={"rows": rows})
        found.append(
            SliceScore(
                column=column, value=value, rows=len(rows), score=part.mean, failed=part.failed
            )
        )
    return tuple(found)


def compare_slices(
    opponent: ScoreCard, candidate: ScoreCard, *, confidence: float = 0.95, seed: int = 0
) -> tuple[SliceComparison, ...]:
    """Candidate against opponent in every slice of at least SMALLEST rows.

    Both cards hold the same rows in any order. The intervals are not corrected for how many slices
    there are: the more there are, the more differ by chance.
    """
    theirs = {row.row_id: row for row in opponent.rows}
    found = []
    for column, value, rows in _groups(candidate.rows):
        if len(rows) < SMALLEST:
            continue
        pair = compare(
            opponent.model_copy(update={"rows": tuple(theirs[row.row_id] for row in rows)}),
            candidate.model_copy(update={"rows": rows}),
            name="opponent",
            confidence=confidence,
            seed=seed,
        )
        kept = pair.model_dump(include=set(SliceComparison.model_fields))
        found.append(SliceComparison(column=column, value=value, **kept))
    return tuple(found)


def _groups(rows: Sequence[ScoreRow]) -> Iterator[tuple[str, str, tuple[ScoreRow, ...]]]:
    """Column, value and rows of every slice; rows without a value in a column are in none of it."""
    columns = dict.fromkeys(column for row in rows for column in row.slices)
    for column in columns:
        having = [row for row in rows if column in row.slices]
        sizes = Counter(row.slices[column] for row in having)
        small = {value for value, size in sizes.items() if size < SMALLEST} | {OTHER}
        grouped: dict[str, list[ScoreRow]] = {}
        for row in having:
            value = row.slices[column]
            grouped.setdefault(OTHER if value in small else value, []).append(row)
        ordered = sorted(grouped, key=lambda value: (value == OTHER, -sizes[value], value))
        if len(sizes) > 1:
            yield from ((column, value, tuple(grouped[value])) for value in ordered)


def _bucket(length: int) -> str:
    return next((name for end, name in _BUCKETS if length < end), _LONGEST)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
