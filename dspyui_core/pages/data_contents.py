"""What the data page shows: the verdict on a dataset, its rows, and what changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from dspyui_core.records import Record

__all__ = [
    "ClassRows",
    "ClassesOf",
    "DataCheck",
    "DataReport",
    "DoubtedRow",
    "HeldRow",
    "HeldRows",
    "LengthsOf",
    "SplitChange",
    "VersionChange",
]


class DataCheck(Record):
    """What one check found, in a line; `count` is rows (classes for class_balance)."""

    name: str
    severity: str
    count: int
    message: str


class HeldRow(Record):
    """A row that may not pass; `place` says which in words, `value` is masked and shortened."""

    place: str
    column: str
    value: str
    reason: str
    remedy: str


class HeldRows(Record):
    """The rows that one check holds back: the first of `count`."""

    check: str
    count: int
    rows: tuple[HeldRow, ...]


class DoubtedRow(Record):
    """A row whose label looks wrong; `score` (0..1) is how well the label fits it."""

    place: str
    column: str
    value: str
    label: str
    suggested: str
    score: float


class ClassRows(Record):
    """How many rows have a label, and how many had in the version before, None without one."""

    label: str
    rows: int
    before: int | None = None


class ClassesOf(Record):
    """The labels of one output, those with the most rows first."""

    field: str
    classes: tuple[ClassRows, ...]


class LengthsOf(Record):
    """How long one field is, in characters: `counts[i]` rows from `edges[i]` to below the next.

    `before` are the counts of the version before, None without one.
    """

    field: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    before: tuple[int, ...] | None = None


class SplitChange(Record):
    """How many rows of one split are new, gone, or have another label than before."""

    split: str
    added: int = 0
    removed: int = 0
    relabelled: int = 0


class VersionChange(Record):
    """What changed from one dataset version to another, in numbers; no row is in it.

    `confirmed` counts rows that are trusted more than before.
    """

    before: str
    after: str
    rows_before: int
    rows: int
    confirmed: int = 0
    splits: tuple[SplitChange, ...]

    def total(self, kind: Literal["added", "removed", "relabelled"]) -> int:
        """Rows of a kind of change, over all splits."""
        return sum(int(getattr(split, kind)) for split in self.splits)


class DataReport(Record):
    """What the gate says of a dataset; whatever people wrote in it is masked.

    `about` is a turn or a file; `version` the dataset version, empty where none is known.
    `quarantined` counts rows, and `held` has the first of them by check. `leaks` are rows between
    two splits with what they nearly repeat. `at` is when it was looked at.
    """

    program: str
    about: str
    verdict: Literal["pass", "warn", "blocked"]
    rows: int
    accepted: int
    quarantined: int
    left_out: int
    parked: int
    splits: Mapping[str, int]
    checks: tuple[DataCheck, ...]
    held: tuple[HeldRows, ...] = ()
    leaks: tuple[HeldRow, ...] = ()
    doubts: tuple[DoubtedRow, ...] = ()
    doubted_rows: int = 0
    classes: tuple[ClassesOf, ...] = ()
    lengths: tuple[LengthsOf, ...] = ()
    change: VersionChange | None = None
    version: str = ""
    facts: Mapping[str, str] = Field(default_factory=dict)
    at: datetime | None = None
    seconds: float = 0.0
