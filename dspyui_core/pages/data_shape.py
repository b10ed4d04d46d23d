"""The part of a data page that shows the shape of a dataset, and how it changed."""

from __future__ import annotations

from collections.abc import Sequence

from dspyui_core.pages.bars import LabelledBar, histogram, label_bars
from dspyui_core.pages.data_contents import (
    ClassesOf,
    ClassRows,
    DataReport,
    LengthsOf,
    VersionChange,
)
from dspyui_core.pages.markup import NOTHING, Html, joined, tag
from dspyui_core.pages.tables import Column, table

__all__ = ["changes", "classes", "lengths"]

_SHOWN_CLASSES = 15
_MOST_CLASSES = 300


def changes(report: DataReport) -> Html:
    """How many rows came, went and got another label since the version before."""
    found = report.change
    if found is None:
        return NOTHING
    columns = [
        Column("split"),
        Column("added", "number"),
        Column("removed", "number"),
        Column("relabelled", "number"),
    ]
    rows = [(s.split, s.added, s.removed, s.relabelled) for s in found.splits]
    total = ("all", *(found.total(kind) for kind in ("added", "removed", "relabelled")))
    return table(columns, [*rows, total], caption=_since(found))


def classes(report: DataReport) -> Html:
    """A bar for each label; a long list is folded behind its first lines."""
    return joined(_classes(one) for one in report.classes)


def lengths(report: DataReport) -> Html:
    """How long each field is."""
    return joined(_lengths(one) for one in report.lengths if any(one.counts))


def _since(found: VersionChange) -> str:
    grown = found.rows - found.rows_before
    return (
        f"Since version {found.before[:12]}: {found.rows:,} rows, {grown:+,}; a row whose label "
        "changed counts as relabelled only"
    )


def _classes(one: ClassesOf) -> Html:
    known = one.classes[:_MOST_CLASSES]
    most = max((max(c.rows, c.before or 0) for c in known), default=0)
    total = sum(c.rows for c in one.classes)
    caption = f"{one.field}: {len(one.classes)} labels, {total:,} rows{_marked(known)}"
    first = label_bars(_bars(known[:_SHOWN_CLASSES]), caption=caption, most=most)
    rest = known[_SHOWN_CLASSES:]
    if not rest:
        return first
    folded = label_bars(_bars(rest), caption=f"{one.field}, the rest", most=most)
    beyond = len(one.classes) - len(known)
    more = tag("p", f"and {beyond:,} more", class_="quiet") if beyond else NOTHING
    summary = tag("summary", f"{len(one.classes) - _SHOWN_CLASSES:,} more labels")
    return joined([first, tag("details", summary, folded, more)])


def _marked(known: Sequence[ClassRows]) -> str:
    return "; the mark is the version before" if any(c.before is not None for c in known) else ""


def _bars(known: Sequence[ClassRows]) -> list[LabelledBar]:
    return [LabelledBar(c.label, c.rows, c.before) for c in known]


def _lengths(one: LengthsOf) -> Html:
    total = sum(one.counts)
    about = f"{one.field}: length in characters, {total:,} rows"
    marked = "; the marks are the version before" if one.before else ""
    drawn = histogram(one.edges, one.counts, one.before, told=f"{about}; {_told(one)}")
    return tag("figure", tag("figcaption", f"{about}{marked}", class_="quiet"), drawn)


def _told(one: LengthsOf) -> str:
    """The bins in words, for who cannot see them."""
    named = (
        f"from {edge:g}: {count}"
        for edge, count in zip(one.edges, one.counts, strict=False)
        if count
    )
    return ", ".join(named)
