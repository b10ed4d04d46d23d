"""The data page: what the gate says of a dataset, and why; the verdict comes first."""

from __future__ import annotations

from typing import Final

from dspyui_core.pages.bars import Part, parts_bar
from dspyui_core.pages.data_contents import DataCheck, DataReport
from dspyui_core.pages.data_rows import doubted_rows, held_rows, leaked_rows
from dspyui_core.pages.data_shape import changes, classes, lengths
from dspyui_core.pages.markup import NOTHING, Html, said, tag
from dspyui_core.pages.style import document
from dspyui_core.pages.tables import Column, facts, section, table

__all__ = ["LARGEST_PAGE", "data_page"]

# Mail servers and viewers take a page of this size.
LARGEST_PAGE: Final = 1_000_000
# How many rows of each kind are shown; fewer where their texts are too large for one page.
_SHOWN: Final = (50, 20, 5, 0)
_TOLD: Final = {
    "pass": ("The data passes", "good"),
    "warn": ("The data passes with warnings", "wait"),
    "blocked": ("The data is blocked: no turn goes on with it", "bad"),
}
_WORST_FIRST: Final = ("block", "quarantine", "warn", "pass")
_COLOURS: Final = {"block": "bad", "quarantine": "wait", "warn": "wait", "pass": "good"}
_WORDS: Final = {
    "block": "blocks",
    "quarantine": "holds rows back",
    "warn": "warns",
    "pass": "passes",
}


def data_page(report: DataReport) -> str:
    """A dataset check as one self-contained HTML page of less than LARGEST_PAGE bytes.

    It shows people's words, masked: the first rows that are held back or doubted, and no other.
    Whatever users wrote is escaped, and clipped where it is long.
    """
    for most in _SHOWN:
        page = _page(report, most)
        if len(page.encode()) < LARGEST_PAGE:
            break
    return page


def _page(report: DataReport, most: int) -> str:
    return document(
        f"{report.program}: data of {report.about}",
        tag("h1", f"{report.program}: data of {report.about}"),
        _when(report),
        _verdict(report),
        section("Rows", _rows(report)),
        section("What changed", changes(report)),
        section("Labels", classes(report)),
        section("Lengths", lengths(report)),
        section("Checks", _checks(report)),
        section("Held back", held_rows(report, most)),
        section("Between two splits", leaked_rows(report, most) if report.leaks else NOTHING),
        section("Labels to look at", doubted_rows(report, most) if report.doubts else NOTHING),
        section("Where it comes from", _origin(report)),
    )


def _when(report: DataReport) -> Html:
    return (
        NOTHING
        if report.at is None
        else tag("p", f"{report.at:%Y-%m-%d %H:%M} UTC", class_="quiet")
    )


def _verdict(report: DataReport) -> Html:
    told, kind = _TOLD[report.verdict]
    found = [check for check in _sorted(report) if check.severity != "pass"]
    counted = f"{report.accepted:,} of {report.rows:,} rows are accepted."
    return tag(
        "div",
        tag("strong", told),
        tag("p", counted),
        tag("ul", *(tag("li", said(f"{c.name}: {c.message}")) for c in found)) if found else "",
        class_=f"verdict {kind}",
    )


def _rows(report: DataReport) -> Html:
    kinds = {"train": "ours", "validation": "theirs", "holdout": "good"}
    parts = [Part(name, count, kinds.get(name, "theirs")) for name, count in report.splits.items()]
    rest = (
        Part("quarantined", report.quarantined, "bad"),
        Part("parked", report.parked, "wait"),
    )
    left_out = f"; {report.left_out:,} left out by the spec" if report.left_out else ""
    about = (
        "Quarantined rows may not pass. Parked rows are feedback on what is, or nearly is, "
        f"a holdout input{left_out}."
    )
    return tag("div", parts_bar([*parts, *rest]), tag("p", about, class_="quiet"))


def _checks(report: DataReport) -> Html:
    columns = [
        Column("check"),
        Column("result"),
        Column("count", "number"),
        Column("what it found", "words"),
    ]
    rows = [_check(check) for check in _sorted(report)]
    return table(columns, rows, caption="Every check, those that found something first")


def _check(check: DataCheck) -> list[object]:
    result = tag("span", _WORDS.get(check.severity, check.severity), class_=_colour(check))
    return [check.name, result, f"{check.count:,}", said(check.message) if check.message else ""]


def _colour(check: DataCheck) -> str:
    return _COLOURS.get(check.severity, "quiet")


def _sorted(report: DataReport) -> list[DataCheck]:
    order = {severity: place for place, severity in enumerate(_WORST_FIRST)}
    return sorted(report.checks, key=lambda check: order.get(check.severity, 0))


def _origin(report: DataReport) -> Html:
    took = f"{report.seconds:.1f} s" if report.seconds else ""
    return facts(
        [
            ("program", report.program),
            ("dataset version", report.version),
            *((name, said(value)) for name, value in report.facts.items()),
            ("the check took", took),
        ]
    )
