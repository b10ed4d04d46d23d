"""The part of a data page that shows rows: what is held back and why, and what looks wrong."""

from __future__ import annotations

from collections.abc import Sequence

from dspyui_core.pages.data_contents import DataReport, DoubtedRow, HeldRow, HeldRows
from dspyui_core.pages.markup import NOTHING, Html, joined, said, tag
from dspyui_core.pages.tables import Column, table

__all__ = ["doubted_rows", "held_rows", "leaked_rows"]


def held_rows(report: DataReport, most: int) -> Html:
    """What is quarantined, a fold for each check, with at most `most` rows each."""
    return joined(_held(group, most) for group in report.held)


def leaked_rows(report: DataReport, most: int) -> Html:
    """The rows between two splits, with what each of them nearly repeats."""
    columns = [Column("row"), Column("text", "words"), Column("it repeats", "words")]
    rows = [
        (_whole(found.place), said(found.value), said(found.reason))
        for found in report.leaks[:most]
    ]
    told = "Left in, each of them would let a program learn an answer that it is scored on"
    return joined([table(columns, rows, caption=told), _more(len(rows), _leaks(report))])


def doubted_rows(report: DataReport, most: int) -> Html:
    """The rows whose label looks wrong, the least likely label first."""
    columns = [
        Column("row"),
        Column("text", "words"),
        Column("label", "words"),
        Column("rather", "words"),
        Column("fits", "number"),
    ]
    rows = [_doubted(found) for found in report.doubts[:most]]
    told = "They stay as they are: each waits in the inbox for a person (dspyui review list)"
    total = max(report.doubted_rows, len(report.doubts))
    return joined([table(columns, rows, caption=told), _more(len(rows), total)])


def _leaks(report: DataReport) -> int:
    counts = (check.count for check in report.checks if check.name == "leakage")
    return max([*counts, len(report.leaks)])


def _held(group: HeldRows, most: int) -> Html:
    shown = group.rows[:most]
    counted = "1 row" if group.count == 1 else f"{group.count:,} rows"
    summary = tag("summary", tag("strong", group.check.replace("_", " ")), f": {counted}")
    columns = [
        Column("row"),
        Column("column"),
        Column("value", "words"),
        Column("why", "words"),
        Column("what to do", "words"),
    ]
    listed = table(columns, _lines(shown), caption=f"Held back by {group.check}")
    places = len({row.place for row in shown})
    return tag("details", summary, listed, _more(places, group.count))


def _lines(rows: Sequence[HeldRow]) -> list[list[object]]:
    return [
        [_whole(row.place), said(row.column), said(row.value), said(row.reason), said(row.remedy)]
        for row in rows
    ]


def _doubted(found: DoubtedRow) -> list[object]:
    return [
        _whole(found.place),
        said(found.value),
        said(found.label),
        said(found.suggested),
        f"{found.score:.2f}",
    ]


def _whole(place: str) -> Html:
    return tag("span", place, class_="whole")


def _more(shown: int, all_of_them: int) -> Html:
    rest = all_of_them - shown
    return tag("p", f"and {rest:,} more", class_="quiet") if rest > 0 else NOTHING
