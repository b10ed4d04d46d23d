"""Bars: the parts of a whole, rows by label, and counts along a scale, all drawn without a script.

Places along a bar are per cent of its width, heights are pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dspyui_core.pages.charts import line, text
from dspyui_core.pages.markup import NOTHING, Html, joined, said, tag

__all__ = ["LabelledBar", "Part", "histogram", "label_bars", "parts_bar"]

_BAR = 12
_WHOLE = 18
_COLUMNS = 96
_TICKS = 6
_LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole: its name, its rows, and the class that colours it."""

    name: str
    rows: int
    kind: str


@dataclass(frozen=True, slots=True)
class LabelledBar:
    """A label with its rows; `before` is drawn as a mark across the bar."""

    label: str
    rows: int
    before: int | None = None


def parts_bar(parts: Iterable[Part]) -> Html:
    """A whole as one bar with its legend; a part without rows is only in the legend."""
    known = list(parts)
    whole = sum(part.rows for part in known)
    legend = (
        joined(
            [
                tag(
                    "span",
                    tag("span", class_=f"key {part.kind}", aria_hidden="true"),
                    f"{part.rows:,} {part.name}",
                    class_="legend",
                ),
                " ",
            ]
        )
        for part in known
    )
    told = ", ".join(f"{part.rows} {part.name}" for part in known)
    drawn = _parts(known, whole, told) if whole else NOTHING
    return joined([drawn, tag("p", *legend)])


def label_bars(bars: Sequence[LabelledBar], *, caption: str, most: int) -> Html:
    """A line for each label; `most` rows fill the width."""
    lines = [_labelled(bar, max(most, 1)) for bar in bars]
    if not lines:
        return NOTHING
    heads = (tag("th", name, scope="col", class_="unseen") for name in ("label", "bar", "rows"))
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *lines),
        class_="bars",
    )


def histogram(
    edges: Sequence[float], counts: Sequence[int], before: Sequence[int] | None, *, told: str
) -> Html:
    """Counts between edges as columns; the shares of `before` as marks above or in them.

    Columns and marks are shares of their own total, so that two sizes of a dataset compare.
    """
    first, last = _span(counts, before or ())
    shares = _shares(counts)[first:last]
    old = _shares(before)[first:last] if before else []
    top = max([*shares, *old, 1e-9])
    width = 100 / max(1, last - first)
    columns = [_column(n, share / top, width) for n, share in enumerate(shares)]
    marks = [_mark(n, share / top, width) for n, share in enumerate(old) if share]
    every = -(-(last - first + 1) // _TICKS)
    ends = [edge for edge in range(first, last + 1) if (edge - first) % every == 0]
    named = [_named(edges, edge, (edge - first) * width) for edge in ends]
    floor = line("0%", _COLUMNS, "100%", _COLUMNS, "rule")
    height = _COLUMNS + 18
    return tag("svg", *columns, *marks, floor, *named, height=height, role="img", aria_label=told)


def _parts(parts: Sequence[Part], whole: int, told: str) -> Html:
    pieces, start = [], 0.0
    for part in parts:
        width = 100 * part.rows / whole
        if part.rows:
            pieces.append(_piece(start, width, part.kind))
        start += width
    return tag("svg", *pieces, height=_WHOLE, role="img", aria_label=told)


def _piece(start: float, width: float, kind: str) -> Html:
    return tag(
        "rect",
        x=f"{start:.3f}%",
        y=0,
        width=f"{width:.3f}%",
        height=_WHOLE,
        class_=f"fill {kind}",
    )


def _labelled(bar: LabelledBar, most: int) -> Html:
    was = "" if bar.before in (None, bar.rows) else f" (was {bar.before:,})"
    drawn = [_filled(100 * bar.rows / most)]
    if bar.before is not None:
        place = f"{min(100.0, 100 * bar.before / most):.2f}%"
        drawn.append(line(place, 0, place, _BAR + 4, "was"))
    return tag(
        "tr",
        tag("th", said(bar.label[:_LONGEST_LABEL]), scope="row"),
        tag("td", tag("svg", *drawn, height=_BAR + 4, aria_hidden="true"), class_="plot"),
        tag("td", f"{bar.rows:,}{was}", class_="number"),
    )


def _filled(share: float) -> Html:
    return tag("rect", x=0, y=2, width=f"{min(100.0, share):.2f}%", height=_BAR, class_="fill ours")


def _span(counts: Sequence[int], before: Sequence[int]) -> tuple[int, int]:
    """From the first to behind the last bin that holds anything."""
    held = [n for n, count in enumerate(counts) if count]
    held += [n for n, count in enumerate(before) if count]
    return (min(held), max(held) + 1) if held else (0, 1)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) or 1
    return [count / total for count in counts]


def _column(place: int, share: float, width: float) -> Html:
    height = _COLUMNS * share
    return tag(
        "rect",
        x=f"{place * width + 0.05 * width:.2f}%",
        y=f"{_COLUMNS - height:.1f}",
        width=f"{0.9 * width:.2f}%",
        height=f"{height:.1f}",
        class_="fill ours",
    )


def _mark(place: int, share: float, width: float) -> Html:
    y = _COLUMNS * (1 - share)
    return line(f"{place * width:.2f}%", y, f"{(place + 1) * width:.2f}%", y, "was")


def _named(edges: Sequence[float], place: int, x: float) -> Html:
    """The lower end of a bin below it; the outermost ones stay inside of the chart."""
    anchor = "start" if x < 1 else "end" if x > 99 else "middle"
    told = f"{edges[place]:,.0f}" if place < len(edges) else ""
    return text(f"{x:.2f}%", _COLUMNS + 14, told, anchor=anchor)
