"""Dots with whiskers, drawn so that a chart gets narrower and its text does not get smaller.

Places along a chart are per cent of its width, heights are pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from dspyui_core.pages.markup import Html, tag

__all__ = ["ROW_HEIGHT", "Scale", "axis", "dot", "line", "text", "whisker"]

ROW_HEIGHT = 22
_AXIS_HEIGHT = 16
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` along a chart, with a margin at both ends."""

    low: float
    high: float
    margin: float = 0.04

    @classmethod
    def around(cls, values: Iterable[float], *, least: float = 0.02) -> Self:
        """A scale that holds the values, at least `least` wide."""
        known = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(known), max(known)
        slack = max(0.0, least - (high - low)) / 2
        return cls(low - slack, high + slack)

    def share(self, value: float) -> float:
        """Where a value is, from 0 to 1."""
        inside = min(max(value, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low)
        return self.margin + share * (1 - 2 * self.margin)

    def at(self, value: float) -> str:
        """The same, as per cent."""
        return f"{100 * self.share(value):.2f}%"

    def ticks(self, most: int = 5) -> list[float]:
        """Round values, at most `most` of them."""
        width = self.high - self.low
        power = 10 ** math.floor(math.log10(width / most))
        step = next(s * power for s in _STEPS if width / (s * power) <= most - 1 + 1e-9)
        first = math.ceil(self.low / step - 1e-9)
        found = [round(step * n, 10) for n in range(first, first + most + 1)]
        return [value for value in found if value <= self.high + 1e-9]


def whisker(
    scale: Scale,
    value: float,
    ends: tuple[float, float] | None,
    *,
    kind: str,
    told: str,
    rules: Sequence[tuple[float, str]] = (),
) -> Html:
    """A value as a dot and its interval as a line, with vertical rules (value, class) behind."""
    middle = ROW_HEIGHT / 2
    behind = [line(scale.at(v), 0, scale.at(v), ROW_HEIGHT, name) for v, name in rules]
    bar = []
    if ends is not None:
        bar = [line(scale.at(ends[0]), middle, scale.at(ends[1]), middle, f"{kind} whisker")]
    return tag(
        "svg",
        *behind,
        *bar,
        dot(scale.at(value), middle, kind),
        height=ROW_HEIGHT,
        role="img",
        aria_label=told,
    )


def axis(scale: Scale, *, sign: bool = False) -> Html:
    """The values along a chart; a screen reader has them in the rows."""
    marks = [text(scale.at(v), 12, f"{v:+g}" if sign and v else f"{v:g}") for v in scale.ticks()]
    return tag("svg", *marks, height=_AXIS_HEIGHT, aria_hidden="true")


def line(x1: str, y1: float, x2: str, y2: float, kind: str) -> Html:
    """A straight line of a class."""
    return tag("line", x1=x1, y1=f"{y1:.1f}", x2=x2, y2=f"{y2:.1f}", class_=kind)


def dot(x: str, y: float, kind: str, *, radius: float = 4.5) -> Html:
    """A dot of a class."""
    return tag("circle", cx=x, cy=f"{y:.1f}", r=radius, class_=kind)


def text(x: str, y: float, content: str, *, anchor: str = "middle") -> Html:
    """A text at a place."""
    return tag("text", content, x=x, y=f"{y:.1f}", text_anchor=anchor)
