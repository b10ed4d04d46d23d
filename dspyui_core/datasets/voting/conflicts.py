"""Conflicts: what is said of rows that give one input different labels."""

from __future__ import annotations

from collections.abc import Sequence

from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.errors import Problem
from dspyui_core.spec import canonical_json


def conflict(row: Row, group: Sequence[Row]) -> Finding:
    """The finding about one of the rows of a group that contradict each other."""
    column = contested_column(group)
    given = sorted({str(other.labels[column]) for other in group})
    whose = "users give" if row.is_feedback else "the file gives"
    problem = Problem(
        column,
        f"{whose} this input different labels: {', '.join(given)}",
        row.labels[column],
        "decide which label is right, and correct the others",
        row.data_row,
    )
    return Finding("label_conflicts", problem, row.source, row.trace_id)


def outranked(row: Row, counts: Row, trust: str) -> Finding:
    """The note on a user's row whose input has another label that is gold or confirmed."""
    column = contested_column([row, counts])
    problem = Problem(
        column,
        f"a user gives this input another label than the {trust} one: {counts.labels[column]}",
        row.labels[column],
        "nothing, unless the user is right: then correct the file or review the row",
    )
    return Finding("label_conflicts", problem, row.source, row.trace_id)


def contested_column(group: Sequence[Row]) -> str:
    """The first label in which the rows differ."""
    names = list(group[0].labels)
    differing = (n for n in names if len({canonical_json(row.labels[n]) for row in group}) > 1)
    return next(differing, names[0])
