"""A dataset check, the versions and what differs between them, as a person reads them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from deployments.cli import output

if TYPE_CHECKING:
    from dspyui_core.datasets import DatasetReport
    from dspyui_core.datasets.checks import CheckResult
    from dspyui_core.datasets.reports.report import Quarantined
    from dspyui_core.pages import VersionChange

WIDTH = 80
LISTED = 10
COLOURS = {"pass": "green", "warn": "yellow", "quarantine": "yellow", "block": "red"}
MARKS = {"pass": "✓", "warn": "!", "quarantine": "!", "block": "✗"}
WORDS = {"warn": "warns", "quarantine": "holds back", "block": "blocks"}
VERDICTS = {"pass": "green", "warn": "yellow", "blocked": "red"}


def show_check(report: DatasetReport) -> None:
    """Print the verdict, what the checks found, and the first rows that may not pass."""
    console = output.console(width=WIDTH)
    colour = VERDICTS[report.verdict]
    counted = f"{report.accepted} of {report.rows} rows accepted"
    console.print(f"[bold {colour}]{report.verdict}[/]: {counted}", soft_wrap=True)
    for line in _counts(report):
        console.print(line, markup=False, soft_wrap=True)
    quiet = [c.name for c in report.checks if c.severity == "pass" and not c.message]
    for check in (check for check in report.checks if check.name not in quiet):
        style = COLOURS.get(check.severity, "")
        for line in _check(check):
            console.print(line, markup=False, soft_wrap=True, style=style)
            style = ""
    for line in wrapped(", ".join(quiet), 4, first=f"  {MARKS['pass']}") if quiet else ():
        console.print(line, markup=False, soft_wrap=True, style=COLOURS["pass"])
    for line in (*_quarantined(report), *_doubts(report)):
        console.print(line, markup=False, soft_wrap=True)


def change_lines(change: VersionChange) -> list[str]:
    """What changed since a version, in numbers."""
    grown = f"{change.rows - change.rows_before:+,} rows"
    lines = [f"  since {change.before[:12]}  {grown}: {kinds_line(change)}"]
    if change.confirmed:
        lines.append(f"  {change.confirmed:,} rows are trusted more than before")
    return lines


def kinds_line(change: VersionChange) -> str:
    """`160 added, 5 removed, 7 relabelled`, over all splits."""
    return ", ".join(
        f"{change.total(kind):,} {kind}" for kind in ("added", "removed", "relabelled")
    )


def wrapped(text: str, indent: int, *, first: str = "") -> list[str]:
    """A text on lines of the table's width; `first` stands before the first of them."""
    lead = " " * indent
    found = textwrap.wrap(
        " ".join(text.split()), WIDTH - indent, break_long_words=True, break_on_hyphens=False
    )
    start = f"{first:<{indent}}"
    return [start.rstrip() if not found else start + found[0], *(lead + line for line in found[1:])]


def columns(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))] if rows else []
    to_right = set(right)
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if n in to_right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _counts(report: DatasetReport) -> Iterator[str]:
    named: Mapping[str, int] = {
        **report.splits,
        "quarantined": report.held_back,
        "left out": report.left_out,
        "parked": report.parked,
    }
    told = ", ".join(f"{count:,} {name}" for name, count in named.items() if count)
    if told:
        yield f"  {told}"
    if report.change is not None:
        yield from change_lines(report.change)


def _check(check: CheckResult) -> list[str]:
    """A check that has something to say, which comes below its name where it found anything."""
    head = f"  {MARKS.get(check.severity, '?')} {check.name}"
    if check.severity == "pass":
        return wrapped(check.message, 28, first=head)
    word = WORDS.get(check.severity, check.severity)
    return [f"{head:<28}{word:<12}{check.count:>6,}", *wrapped(check.message, 6)]


def _quarantined(report: DatasetReport) -> Iterator[str]:
    shown = report.quarantined[:LISTED]
    if shown:
        yield "quarantined:"
    for row in shown:
        yield from wrapped(f"{_place(row)}, {row.column}: {_told(row)}", 4, first="  -")
        yield from wrapped(row.remedy, 4)
    rest = len(report.quarantined) - len(shown)
    if rest > 0:
        yield f"  and {rest:,} more: --report PAGE.html shows them by reason, --json all of them"


def _doubts(report: DatasetReport) -> Iterator[str]:
    shown = report.doubts[:LISTED]
    if shown:
        yield "labels to look at:"
    for doubt in shown:
        place = f"row {doubt.row}" if doubt.trace_id is None else f"trace {doubt.trace_id[:11]}"
        told = f"{place}, {doubt.column}: {doubt.value}, rather {doubt.suggestion}"
        yield from wrapped(f"{told}: {doubt.text}", 4, first="  -")
    rest = len(report.doubts) - len(shown)
    if rest > 0:
        yield f"  and {rest:,} more: --report PAGE.html shows them"


def _told(row: Quarantined) -> str:
    return row.reason if row.value in (None, "") else f"{row.value!r} {row.reason}"


def _place(row: Quarantined) -> str:
    if row.trace_id is not None:
        return f"trace {row.trace_id[:11]}"
    return "the file" if row.row is None else f"row {row.row}"
