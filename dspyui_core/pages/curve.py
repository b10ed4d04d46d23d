"""The learning curve: how candidates and what served did on the holdout, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dspyui_core.pages.charts import Scale, dot, line, text
from dspyui_core.pages.contents import LearningCurve, TurnPoint
from dspyui_core.pages.markup import NOTHING, Html, joined, tag
from dspyui_core.pages.style import document
from dspyui_core.pages.tables import Column, section, table
from dspyui_core.records import Interval

__all__ = ["curve_page"]

HEIGHT = 240
BARS = 46
MOST_LABELS = 10
RELEASED = ("promoted", "awaiting-approval")


def curve_page(curve: LearningCurve) -> str:
    """The learning curve of a program as one self-contained HTML page; no row is shown in it."""
    if not curve.turns:
        nothing = tag("p", "No turn of this program has decided anything yet.")
        return document(f"{curve.program}: learning curve", tag("h1", curve.program), nothing)
    return document(
        f"{curve.program}: learning curve",
        tag("h1", f"{curve.program}: learning curve"),
        tag("p", _told(curve.turns), class_="quiet"),
        section("Scores on the holdout", _legend(), _scores(curve.turns)),
        section("Feedback rows in the dataset", _feedback(curve.turns)),
        section("Turns", _table(curve.turns)),
    )


def _told(turns: Sequence[TurnPoint]) -> str:
    released = sum(turn.outcome == "promoted" for turn in turns)
    days = dict.fromkeys(f"{turn.opened_at:%Y-%m-%d}" for turn in (turns[0], turns[-1]))
    counted = "one decided turn" if len(turns) == 1 else f"{len(turns)} decided turns"
    return f"{counted}, {released} promoted; {' to '.join(days)}"


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where things are: turns along, scores up."""

    turns: Sequence[TurnPoint]
    along: Scale
    up: Scale

    @classmethod
    def of(cls, turns: Sequence[TurnPoint]) -> _Plot:
        ends = [end for turn in turns for end in _all_ends(turn)]
        last = max(1, len(turns) - 1)
        # One turn alone stands in the middle.
        start = -0.5 if len(turns) == 1 else 0.0
        return cls(turns, Scale(start, start + last), Scale.around(ends, least=0.1))

    @property
    def radius(self) -> float:
        return 4.5 if len(self.turns) <= 20 else 2.5

    @property
    def aside(self) -> float:
        """How far from its turn's place a dot is: one whisker must not hide the other."""
        return 0.06 if len(self.turns) > 2 else 0.01

    def x(self, place: float) -> str:
        return self.along.at(place)

    def y(self, score: float) -> float:
        return HEIGHT * (1 - self.up.share(score))


def _all_ends(turn: TurnPoint) -> Iterator[float]:
    yield from (turn.candidate_score, turn.opponent_score)
    for found in (turn.candidate_interval, turn.opponent_interval):
        if found is not None:
            yield from (found.low, found.high)


def _scores(turns: Sequence[TurnPoint]) -> Html:
    plot = _Plot.of(turns)
    marks = [text("38", plot.y(v) + 4, f"{v:g}", anchor="end") for v in plot.up.ticks()]
    left = tag("svg", *marks, height=HEIGHT, aria_hidden="true")
    drawn = tag(
        "svg",
        *_grid(plot),
        *_epochs(plot),
        *_paths(plot),
        *_points(plot),
        *_labels(plot, HEIGHT + 14),
        height=HEIGHT + 18,
        role="img",
        aria_label=f"Scores of {len(turns)} turns with intervals; the table below has the numbers",
    )
    return tag("div", left, drawn, class_="chart")


def _grid(plot: _Plot) -> list[Html]:
    return [line("0%", plot.y(v), "100%", plot.y(v), "rule") for v in plot.up.ticks()]


def _epochs(plot: _Plot) -> Iterator[Html]:
    """Scores left and right of such a line are of different holdouts."""
    for place, (before, after) in enumerate(pairwise(plot.turns)):
        if before.epoch != after.epoch:
            x = plot.x(place + 0.5)
            yield line(x, 0, x, HEIGHT, "least")
            yield text(x, HEIGHT - 4, f" epoch {after.epoch}", anchor="start")


def _paths(plot: _Plot) -> Iterator[Html]:
    for place, (before, after) in enumerate(pairwise(plot.turns)):
        if before.epoch == after.epoch:
            for kind, side, old, new in (
                ("theirs path", -plot.aside, before.opponent_score, after.opponent_score),
                ("ours path", plot.aside, before.candidate_score, after.candidate_score),
            ):
                left, right = plot.x(place + side), plot.x(place + 1 + side)
                yield line(left, plot.y(old), right, plot.y(new), kind)


def _points(plot: _Plot) -> Iterator[Html]:
    for place, turn in enumerate(plot.turns):
        x = plot.x(place - plot.aside)
        yield from _point(plot, x, turn.opponent_score, turn.opponent_interval, "theirs")
        released = turn.outcome in RELEASED and turn.subject == "candidate"
        kind = "ours" if released else "ours hollow"
        x = plot.x(place + plot.aside)
        yield from _point(plot, x, turn.candidate_score, turn.candidate_interval, kind)


def _point(
    plot: _Plot, x: str, score: float, interval: Interval | None, kind: str
) -> Iterator[Html]:
    if interval is not None:
        yield line(x, plot.y(interval.low), x, plot.y(interval.high), kind)
    yield dot(x, plot.y(score), kind, radius=plot.radius)


def _labels(plot: _Plot, y: float) -> Iterator[Html]:
    every = -(-len(plot.turns) // MOST_LABELS)
    for place, turn in enumerate(plot.turns):
        if place % every == 0:
            yield text(plot.x(place), y, str(turn.number))


def _feedback(turns: Sequence[TurnPoint]) -> Html:
    plot = _Plot.of(turns)
    most = max(turn.feedback_rows for turn in turns)
    if not most:
        return NOTHING
    left = tag(
        "svg",
        text("38", 10, f"{most}", anchor="end"),
        text("38", BARS, "0", anchor="end"),
        height=BARS,
        aria_hidden="true",
    )
    bars = [_bar(plot.x(n), turn.feedback_rows / most, len(turns)) for n, turn in enumerate(turns)]
    told = f"Feedback rows per turn, at most {most}; the table below has the numbers"
    drawn = tag(
        "svg", *bars, *_labels(plot, BARS + 14), height=BARS + 18, role="img", aria_label=told
    )
    return tag("div", left, drawn, class_="chart")


def _bar(x: str, share: float, bars: int) -> Html:
    top, width = f"{BARS * (1 - share):.1f}", min(24.0, 300 / bars)
    return tag("line", x1=x, x2=x, y1=top, y2=BARS, class_="ours", stroke_width=f"{width:.1f}")


def _legend() -> Html:
    keys = (
        ("key ours", "candidate, released"),
        ("key ours open", "candidate, not released"),
        ("key theirs", "champion (on the first turn the baseline)"),
    )
    marks = [
        joined(
            [tag("span", tag("span", class_=kind, aria_hidden="true"), told, class_="legend"), " "]
        )
        for kind, told in keys
    ]
    return tag("p", *marks, class_="quiet")


def _table(turns: Sequence[TurnPoint]) -> Html:
    columns = [
        Column("turn"),
        Column("opened"),
        Column("outcome"),
        Column("candidate", "number"),
        Column("compared with", "number"),
        Column("holdout rows", "number"),
        Column("feedback rows", "number"),
        Column("epoch", "number"),
    ]
    rows = [
        (
            turn.number,
            f"{turn.opened_at:%Y-%m-%d}",
            _ended(turn),
            _score(turn.candidate_score, turn.candidate_interval),
            joined([f"{turn.opponent} ", _score(turn.opponent_score, turn.opponent_interval)]),
            turn.holdout,
            turn.feedback_rows,
            turn.epoch,
        )
        for turn in turns
    ]
    return table(columns, rows, caption="Mean scores on the holdout with their intervals")


def _ended(turn: TurnPoint) -> str:
    """How a turn ended, and for whom where that is not its candidate."""
    return f"{turn.outcome or 'open'}{' (the baseline)' * (turn.subject == 'baseline')}"


def _score(score: float, interval: Interval | None) -> str:
    ends = "" if interval is None else f" ({interval.low:.3f} to {interval.high:.3f})"
    return f"{score:.3f}{ends}"
