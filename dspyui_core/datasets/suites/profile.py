"""The profile: one row of numbers that sum up a dataset check, with no value of any row in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from dspyui_core.datasets.drifting import Distance, largest_gap, stability
from dspyui_core.datasets.reports.report import DatasetReport
from dspyui_core.datasets.shape import Shape
from dspyui_core.spec import GATE_CHECKS

Profile = Mapping[str, int | float | None]

# The columns that every profile has, beside those of the checks.
FIXED: Final[Mapping[str, str]] = {
    "rows": "Rows looked at.",
    "accepted": "Rows that have a split.",
    "accepted_share": "Accepted rows over all rows.",
    "train": "Rows that optimizers learn from.",
    "validation": "Rows that optimizers select on.",
    "holdout": "Rows that only comparisons read.",
    "quarantined": "Rows that may not pass.",
    "quarantined_share": "Quarantined rows over all rows.",
    "left_out": "Rows that the spec's `where` does not want.",
    "parked": "Feedback on holdout inputs.",
    "parked_share": "Parked feedback over all rows.",
    "doubted": "Labels that a person should look at.",
    "doubted_share": "Doubted labels over accepted rows.",
    "smallest_class": "Rows of the rarest label value; not measured where no output has classes.",
    "largest_class": "Rows of the most frequent label value; likewise.",
    "growth": "Accepted rows over those of the version before; not measured in the first one.",
    "label_stability": "The largest population stability index of an output against that version.",
    "length_gap": "The largest Kolmogorov-Smirnov distance of a text's lengths, likewise.",
}
# These count something else than rows, so a share of the rows would mean nothing.
_NOT_ROWS: Final = ("class_balance", "drift")
# Their part of the accepted rows; what the others find may have no split.
_ACCEPTED: Final = ("near_duplicates",)


def profile_of(report: DatasetReport) -> Profile:
    """The profile of a dataset check: rows, shares (0..1) and what each check counted.

    A value is None where it cannot be measured.
    """
    return {
        **_rows(report),
        **_classes(report.shape),
        **_since_before(report),
        **dict(_found(report)),
    }


def columns_of(extra: Iterable[str] = ()) -> tuple[str, ...]:
    """The columns of a profile whose dataset has these `extra` checks, in their order."""
    counts = [name for check in (*GATE_CHECKS, *extra) for name in _names(check)]
    return (*FIXED, *counts)


def meaning(column: str) -> str:
    """What a column says, for people."""
    if column in FIXED:
        return FIXED[column]
    if column == "class_balance":
        return "Label values that the check class_balance finds."
    if column == "drift":
        return "Fields that the check drift finds changed."
    whose = "accepted rows" if column.removesuffix("_share") in _ACCEPTED else "all rows"
    if column.endswith("_share"):
        return f"Share of {whose} that the check {column.removesuffix('_share')} finds."
    return f"Rows that the check {column} finds."


def _names(check: str) -> tuple[str, ...]:
    return (check,) if check in _NOT_ROWS else (check, f"{check}_share")


def _rows(report: DatasetReport) -> dict[str, int | float | None]:
    refused = report.held_back
    doubted = len(report.doubts)
    return {
        "rows": report.rows,
        "accepted": report.accepted,
        "accepted_share": _share(report.accepted, report.rows),
        **{split: report.splits.get(split, 0) for split in ("train", "validation", "holdout")},
        "quarantined": refused,
        "quarantined_share": _share(refused, report.rows),
        "left_out": report.left_out,
        "parked": report.parked,
        "parked_share": _share(report.parked, report.rows),
        "doubted": doubted,
        "doubted_share": _share(doubted, report.accepted),
    }


def _classes(shape: Shape | None) -> dict[str, int | float | None]:
    labels = {} if shape is None else shape.classes
    counts = [count for values in labels.values() for count in values.values()]
    return {
        "smallest_class": min(counts, default=None),
        "largest_class": max(counts, default=None),
    }


def _since_before(report: DatasetReport) -> dict[str, int | float | None]:
    """What changed since the version before; how far by chance alone, only the check drift says."""
    now, before = report.shape, report.previous
    if now is None or before is None or not (now.rows and before.rows):
        return {"growth": None, "label_stability": None, "length_gap": None}
    labels = [_both(now.classes[name], before.classes.get(name, {})) for name in now.classes]
    lengths = [(now.lengths[name], before.lengths.get(name, ())) for name in now.lengths]
    return {
        "growth": round(now.rows / before.rows, 6),
        "label_stability": _worst(stability, labels),
        "length_gap": _worst(largest_gap, lengths),
    }


def _both(now: Mapping[str, int], before: Mapping[str, int]) -> tuple[Sequence[int], Sequence[int]]:
    names = sorted({*now, *before})
    return [now.get(name, 0) for name in names], [before.get(name, 0) for name in names]


def _worst(
    distance: Distance, pairs: Iterable[tuple[Sequence[int], Sequence[int]]]
) -> float | None:
    """The largest distance of two samples of counts; None where no two can be compared."""
    import numpy as np

    found = [
        float(distance(np.asarray([now]), np.asarray([before]))[0])
        for now, before in pairs
        if len(now) == len(before) and any(now) and any(before)
    ]
    return round(max(found), 6) if found else None


def _found(report: DatasetReport) -> Iterator[tuple[str, int | float | None]]:
    # A check that is switched off counts nothing; the shape counts near duplicates in any case.
    alike = {} if report.shape is None else {"near_duplicates": report.shape.near_duplicates}
    for result in report.checks:
        count = alike.get(result.name, result.count)
        whole = report.accepted if result.name in _ACCEPTED else report.rows
        yield result.name, count
        if result.name not in _NOT_ROWS:
            yield f"{result.name}_share", _share(count, whole)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0
