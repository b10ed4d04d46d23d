"""Owns a data report to render, with everything that a page can show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dspyui_core.pages import (
    ClassesOf,
    ClassRows,
    DataCheck,
    DataReport,
    DoubtedRow,
    HeldRow,
    HeldRows,
    LengthsOf,
    SplitChange,
    VersionChange,
)

AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
EDGES = (0.0, 8.0, 16.0, 32.0, 64.0, 128.0, 1024.0)


def data_report(**changes: Any) -> DataReport:
    """A dataset that passes with warnings."""
    values: dict[str, Any] = {
        "program": "desk",
        "about": "turn desk-0002",
        "verdict": "warn",
        "rows": 1_213,
        "accepted": 1_200,
        "quarantined": 9,
        "left_out": 2,
        "parked": 4,
        "splits": {"train": 700, "validation": 200, "holdout": 300},
        "checks": (
            DataCheck(name="exact_duplicates", severity="pass", count=0, message=""),
            DataCheck(name="class_balance", severity="warn", count=1, message="train has few"),
            DataCheck(name="contract", severity="quarantine", count=9, message="9 rows are not"),
        ),
        "held": (HeldRows(check="contract", count=9, rows=(held(),)),),
        "leaks": (held(7, reason="nearly repeats row 12 of test.csv (holdout)"),),
        "doubts": (doubted(),),
        "doubted_rows": 3,
        "classes": (classes(4),),
        "lengths": (
            LengthsOf(
                field="text",
                edges=EDGES,
                counts=(0, 100, 600, 400, 99, 1, 0),
                before=(0, 80, 500, 300, 120, 0, 0),
            ),
        ),
        "change": change(),
        "version": "d" * 64,
        "facts": {"feedback up to": "position 40"},
        "at": AT,
        "seconds": 1.25,
    }
    return DataReport(**values | changes)


def held(number: int = 3, **changes: Any) -> HeldRow:
    """A row that may not pass."""
    values = {
        "place": f"row {number}",
        "column": "topic",
        "value": "cads",
        "reason": "is not one of card, fee",
        "remedy": "write one of them",
    }
    return HeldRow(**values | changes)


def doubted(**changes: Any) -> DoubtedRow:
    """A label that looks wrong."""
    values: dict[str, Any] = {
        "place": "row 5",
        "column": "topic",
        "value": "my card is lost",
        "label": "fee",
        "suggested": "card",
        "score": 0.031,
    }
    return DoubtedRow(**values | changes)


def classes(count: int) -> ClassesOf:
    """So many labels, each with fewer rows than the one before."""
    return ClassesOf(
        field="topic",
        classes=tuple(
            ClassRows(label=f"label {n}", rows=10 * (count - n), before=10 * (count - n) - n % 3)
            for n in range(count)
        ),
    )


def change() -> VersionChange:
    """What came, went, and was relabelled."""
    return VersionChange(
        before="a" * 64,
        after="d" * 64,
        rows_before=1_000,
        rows=1_200,
        splits=(
            SplitChange(split="train", added=160, removed=5, relabelled=7),
            SplitChange(split="validation", added=45),
            SplitChange(split="holdout", relabelled=1),
        ),
    )
