"""Owns a report and a curve to render, and the reading of a page as a browser would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from dspyui_core.pages import (
    ChangedAnswer,
    DecisionReport,
    FailureCount,
    LearningCurve,
    ReplayCounts,
    ScoredProgram,
    TurnFacts,
    TurnPoint,
    Wear,
)
from dspyui_core.records import Comparison, Interval, Latency, SliceComparison

VOID = {"meta", "line", "circle"}
START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Page(HTMLParser):
    """The elements of a page with their attributes, and the texts inside each kind of element."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.content = content
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(content)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def changed(number: int = 0, **changes: Any) -> ChangedAnswer:
    """A row that the candidate lost."""
    values: dict[str, Any] = {
        "row_id": f"{number:064x}",
        "change": "lost",
        "inputs": {"text": "my card"},
        "expected": {"topic": "card"},
        "opponent": {"topic": "card"},
        "candidate": {"topic": "fee"},
        "opponent_score": 1.0,
        "candidate_score": 0.0,
    }
    return ChangedAnswer(**values | changes)


def facts(**changes: Any) -> TurnFacts:
    """Where the decision comes from."""
    values: dict[str, Any] = {
        "run_id": "run",
        "dataset_version": "d" * 64,
        "train": 5,
        "validation": 2,
        "holdout": 3,
        "feedback_rows": 4,
        "feedback_upto": 9,
        "spec_hash": "s" * 64,
        "metric": "exact_match",
        "lm": "embedded/in-context",
        "optimizer": "knn_few_shot",
        "note": "8 demos",
        "digest": "c" * 64,
        "champion": 1,
        "model_version": 2,
        "core_version": "1.0",
        "opened_at": START,
    }
    return TurnFacts(**values | changes)


def report(**changes: Any) -> DecisionReport:
    """A promotion with everything that a page can show."""
    values: dict[str, Any] = {
        "program": "desk",
        "turn": "desk-0002",
        "outcome": "promoted",
        "message": "",
        "verdict": "promote",
        "subject": "candidate",
        "reasons": ("the gain is no chance", "the gain reaches minimum_effect 0.01"),
        "minimum_effect": 0.01,
        "comparison": comparison(),
        "wear": Wear(
            epoch=1,
            look=2,
            planned=20,
            level=0.0025,
            spent=0.005,
            error=0.05,
            detectable=0.084,
            rows_needed=29_600,
        ),
        "scores": (
            ScoredProgram(role="champion", score=0.4, interval=Interval(low=0.3, high=0.5)),
            ScoredProgram(
                role="candidate",
                score=0.6,
                interval=Interval(low=0.5, high=0.7),
                failed=1,
                macro_f1={"topic": 0.55},
                latency=Latency(p50=812.0, p95=1930.0),
                usd_per_1000=0.42,
            ),
        ),
        "slices": (slice_of("topic", "card"),),
        "replay": ReplayCounts(
            rows=200, agreement=0.9, changed=20, failed=0, rated=12, wins=7, losses=3
        ),
        "changed": (changed(),),
        "changed_rows": 63,
        "failures": (FailureCount(role="candidate", error="LMError: away", rows=1),),
        "facts": facts(),
    }
    return DecisionReport(**values | changes)


def comparison() -> Comparison:
    """A gain that the holdout shows."""
    return Comparison(
        opponent="champion",
        rows=123,
        opponent_score=0.4,
        candidate_score=0.6,
        difference=0.2,
        low=0.1,
        high=0.3,
        confidence=0.95,
        wins=30,
        losses=6,
        deviation=0.5,
        p_value=0.0001,
        method="exact McNemar test",
    )


def slice_of(column: str, value: str) -> SliceComparison:
    """The rows of one slice."""
    return SliceComparison(
        column=column,
        value=value,
        rows=40,
        opponent_score=0.4,
        candidate_score=0.5,
        difference=0.1,
        low=-0.1,
        high=0.3,
    )


def curve(turns: int, *, per_epoch: int = 20) -> LearningCurve:
    """A curve over so many turns, every third of them promoted."""
    return LearningCurve(program="desk", turns=tuple(point(n, per_epoch) for n in range(turns)))


def point(number: int, per_epoch: int) -> TurnPoint:
    """One turn of the curve."""
    score = 0.4 + 0.01 * number
    ends = Interval(low=score - 0.1, high=score + 0.1)
    return TurnPoint(
        number=number + 1,
        turn=f"desk-{number + 1:04d}",
        outcome="refused" if number % 3 else "promoted",
        verdict="refuse" if number % 3 else "promote",
        subject="candidate",
        opponent="champion" if number else "baseline",
        opponent_score=score - 0.02,
        opponent_interval=ends,
        candidate_score=score,
        candidate_interval=ends,
        holdout=123,
        feedback_rows=10 * number,
        epoch=1 + number // per_epoch,
        opened_at=START + timedelta(days=number),
    )
