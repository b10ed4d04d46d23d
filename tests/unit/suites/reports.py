"""Reports of a dataset check, as the suites see them."""

from __future__ import annotations

from typing import Any

from dspyui_core.datasets import DatasetReport, Shape
from dspyui_core.datasets.checks import CheckResult

SHAPE = Shape(
    rows=90,
    classes={"intent": {"refund": 60, "cancel": 30}},
    lengths={},
    quarantined={"contract": 10},
    near_duplicates=9,
)


def report(**changes: Any) -> DatasetReport:
    """A check of 100 rows, of which 90 have a split and 10 do not fit the contract."""
    content: dict[str, Any] = {
        "verdict": "pass",
        "rows": 100,
        "accepted": 90,
        "quarantined": (),
        "checks": (
            CheckResult(name="contract", severity="quarantine", count=10),
            CheckResult(name="near_duplicates"),
            CheckResult(name="leakage", severity="quarantine", count=4),
            CheckResult(name="class_balance"),
        ),
        "left_out": 0,
        "parked": 3,
        "seconds": 0.1,
        "splits": {"train": 50, "validation": 20, "holdout": 20},
        "held_back": 10,
        "shape": SHAPE,
    }
    return DatasetReport(**(content | changes))
