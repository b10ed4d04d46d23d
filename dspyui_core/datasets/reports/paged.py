"""A dataset report as the data page shows it: places in words, rows by check, labels by size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from dspyui_core.datasets.reports.masking import masked
from dspyui_core.datasets.reports.report import DatasetReport, Doubted, Quarantined
from dspyui_core.datasets.shape import LENGTH_EDGES, Shape
from dspyui_core.pages import (
    ClassesOf,
    ClassRows,
    DataCheck,
    DataReport,
    DoubtedRow,
    HeldRow,
    HeldRows,
    LengthsOf,
    VersionChange,
)

__all__ = ["LISTED", "classes_of", "for_page", "lengths_of"]

# As many rows of one check as a person reads; the whole list is one dataset check away.
LISTED: Final = 50
# The lower ends of the bins, as a chart names them: the first one holds the empty texts.
_EDGES: Final = (0.0, *map(float, LENGTH_EDGES))


def for_page(
    report: DatasetReport,
    *,
    program: str,
    about: str,
    change: VersionChange | None = None,
    facts: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> DataReport:
    """What the page of a report shows; `about` is the turn or the file that it is of."""
    leaks = [row for row in report.quarantined if row.check == "leakage"]
    return DataReport(
        program=program,
        about=about,
        verdict=report.verdict,
        rows=report.rows,
        accepted=report.accepted,
        quarantined=report.held_back,
        left_out=report.left_out,
        parked=report.parked,
        splits=report.splits,
        checks=tuple(_check(check.model_dump()) for check in report.checks),
        held=_held(report),
        leaks=tuple(map(_leak, leaks[:LISTED])),
        doubts=tuple(map(_doubted, report.doubts[:LISTED])),
        doubted_rows=len(report.doubts),
        classes=() if report.shape is None else classes_of(report.shape, report.previous),
        lengths=() if report.shape is None else lengths_of(report.shape, report.previous),
        change=change,
        version=report.version,
        facts=facts or {},
        at=at,
        seconds=report.seconds,
    )


def classes_of(shape: Shape, before: Shape | None) -> tuple[ClassesOf, ...]:
    """The labels of every output, the largest first; one that only was there before has 0 rows."""
    return tuple(
        ClassesOf(field=field, classes=tuple(_classes(now, _was(before, field))))
        for field, now in shape.classes.items()
    )


def lengths_of(shape: Shape, before: Shape | None) -> tuple[LengthsOf, ...]:
    """The lengths of every text field."""
    return tuple(
        LengthsOf(
            field=field,
            edges=_EDGES,
            counts=counts,
            before=None if before is None else before.lengths.get(field),
        )
        for field, counts in shape.lengths.items()
    )


def _was(before: Shape | None, field: str) -> Mapping[str, int] | None:
    return None if before is None else before.classes.get(field)


def _classes(now: Mapping[str, int], was: Mapping[str, int] | None) -> Iterable[ClassRows]:
    known = dict.fromkeys(was or (), 0) | dict(now)
    for label, rows in sorted(known.items(), key=lambda item: (-item[1], item[0])):
        before = None if was is None else was.get(label, 0)
        yield ClassRows(label=masked(label), rows=rows, before=before)


def _check(found: Mapping[str, object]) -> DataCheck:
    return DataCheck.model_validate({name: found[name] for name in DataCheck.model_fields})


def _held(report: DatasetReport) -> tuple[HeldRows, ...]:
    """The rows by check, in the order of the checks; leaks are shown by themselves."""
    counts = {check.name: check.count for check in report.checks}
    grouped: dict[str, list[Quarantined]] = {}
    for row in report.quarantined:
        grouped.setdefault(row.check or "contract", []).append(row)
    return tuple(
        HeldRows(
            check=name,
            count=max(counts.get(name, 0), len({_place(row) for row in rows})),
            rows=tuple(map(_row, rows[:LISTED])),
        )
        for name, rows in grouped.items()
        if name != "leakage"
    )


def _row(row: Quarantined) -> HeldRow:
    return HeldRow(
        place=_place(row),
        column=row.column,
        value="" if row.value is None else str(row.value),
        reason=row.reason,
        remedy=row.remedy,
    )


def _leak(row: Quarantined) -> HeldRow:
    """A leaking row, with what it repeats by name where that is known."""
    named = _row(row)
    reason = f"nearly repeats {' and '.join(row.repeats)}"
    return named.model_copy(update={"reason": reason}) if row.repeats else named


def _doubted(row: Doubted) -> DoubtedRow:
    return DoubtedRow(
        place=_place(row),
        column=row.column,
        value=row.text,
        label=row.value,
        suggested=row.suggestion,
        score=row.score,
    )


def _place(row: Quarantined | Doubted) -> str:
    if row.trace_id is not None:
        return f"trace {row.trace_id[:11]}"
    return "the file" if row.row is None else f"row {row.row}"
