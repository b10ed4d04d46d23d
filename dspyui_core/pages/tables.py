"""Tables that a screen reader follows, and that become a list of cards where a page is narrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dspyui_core.pages.markup import NOTHING, Html, joined, tag

__all__ = ["Column", "facts", "section", "table"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its header, the class of its cells (`number`, `plot`), and an axis above them."""

    name: str
    kind: str | None = None
    axis: Html = NOTHING


def section(title: str, *parts: object) -> Html:
    """A part of a page under its heading; nothing where it has no parts."""
    return tag("section", tag("h2", title), joined(parts)) if any(parts) else NOTHING


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]], *, caption: str) -> Html:
    """A table whose first column names the row; nothing where there are no rows.

    The roles are spelled out: a table that is laid out as cards loses its own in some browsers.
    """
    lines = [_line(columns, row) for row in rows]
    if not lines:
        return NOTHING
    heads = (
        tag("th", column.name, column.axis, class_=column.kind, scope="col", role="columnheader")
        for column in columns
    )
    head = tag("thead", tag("tr", *heads, role="row"), role="rowgroup")
    whole = tag(
        "table",
        tag("caption", caption),
        head,
        tag("tbody", *lines, role="rowgroup"),
        class_="stacked",
        role="table",
    )
    return tag("div", whole, class_="wide", tabindex=0, role="region", aria_label=caption)


def facts(known: Iterable[tuple[str, object]]) -> Html:
    """Names and values, a line each; those without a value are left out."""
    lines = [
        tag("tr", tag("th", name, scope="row"), tag("td", value, class_="value"))
        for name, value in known
        if value not in (None, "")
    ]
    return tag("table", tag("tbody", *lines), class_="facts")


def _line(columns: Sequence[Column], row: Sequence[object]) -> Html:
    first = tag("th", row[0], scope="row", role="rowheader")
    rest = (
        tag("td", cell, class_=column.kind, role="cell", data_label=column.name)
        for column, cell in zip(columns[1:], row[1:], strict=True)
    )
    return tag("tr", first, *rest, role="row")
