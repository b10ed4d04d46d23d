"""What the pages show: the decision of one turn, and the learning curve over turns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from dspyui_core.records import (
    Comparison,
    Interval,
    Latency,
    Outcome,
    Record,
    SliceComparison,
    Verdict,
)

__all__ = [
    "ChangedAnswer",
    "DecisionReport",
    "FailureCount",
    "LearningCurve",
    "ReplayCounts",
    "ScoredProgram",
    "TurnFacts",
    "TurnPoint",
    "Wear",
]


class ScoredProgram(Record):
    """One program on the holdout; `role` is baseline, champion or candidate.

    `macro_f1` is by literal output. `latency` and `usd_per_1000`, for a thousand answers, are None
    where nothing was measured or a price is unknown.
    """

    role: str
    score: float
    interval: Interval | None = None
    failed: int = 0
    macro_f1: Mapping[str, float] = Field(default_factory=dict)
    latency: Latency | None = None
    usd_per_1000: float | None = None


class ChangedAnswer(Record):
    """A holdout row that opponent and candidate answered differently, or scored differently on.

    `change` is what that did to the score: where another answer scored the same, nothing. A score
    of None is a failed row, and its error says why; it counts as 0.
    """

    row_id: str
    change: Literal["lost", "won", "same"]
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    opponent: Mapping[str, Any]
    candidate: Mapping[str, Any]
    opponent_score: float | None
    candidate_score: float | None
    opponent_error: str = ""
    candidate_error: str = ""


class FailureCount(Record):
    """How many rows of a program failed with the same error."""

    role: str
    error: str
    rows: int


class ReplayCounts(Record):
    """How recent inputs of production fared, in numbers; none of them is in it."""

    rows: int
    agreement: float | None
    changed: int
    failed: int
    rated: int
    wins: int
    losses: int


class Wear(Record):
    """What an epoch's looks have spent of its error; this turn was look `look` of `planned`.

    `level` is what this look may spend, `spent` what all looks up to this one did. `detectable` is
    the smallest gain (0..1) that such a look shows with 80 % power, `rows_needed` the holdout rows
    at which it would show the policy's `minimum_effect`; None where that is unknown.
    """

    epoch: int
    look: int
    planned: int
    level: float
    spent: float
    error: float
    detectable: float | None = None
    rows_needed: int | None = None


class TurnFacts(Record):
    """Where a turn's decision comes from."""

    run_id: str
    dataset_version: str
    train: int
    validation: int
    holdout: int
    feedback_rows: int
    feedback_upto: int
    spec_hash: str
    metric: str
    lm: str
    optimizer: str
    note: str
    digest: str
    champion: int | None
    model_version: int | None
    core_version: str
    opened_at: datetime


class DecisionReport(Record):
    """One turn's decision with all it rests on.

    `outcome` is None while the turn is open. `changed` holds the first of `changed_rows` answers,
    the lost ones first: they are people's words, so no more of them than a person reads.
    """

    program: str
    turn: str
    outcome: Outcome | None
    message: str
    verdict: Verdict
    subject: str
    reasons: tuple[str, ...]
    minimum_effect: float
    comparison: Comparison
    wear: Wear | None
    scores: tuple[ScoredProgram, ...]
    slices: tuple[SliceComparison, ...]
    replay: ReplayCounts | None
    changed: tuple[ChangedAnswer, ...]
    changed_rows: int
    failures: tuple[FailureCount, ...]
    facts: TurnFacts


class TurnPoint(Record):
    """One decided turn: the candidate and its opponent on the same holdout, scores 0..1."""

    number: int
    turn: str
    outcome: Outcome | None
    verdict: Verdict
    subject: str
    opponent: str
    opponent_score: float
    opponent_interval: Interval | None
    candidate_score: float
    candidate_interval: Interval | None
    holdout: int
    feedback_rows: int
    epoch: int
    opened_at: datetime


class LearningCurve(Record):
    """A program's decided turns, the oldest first."""

    program: str
    turns: tuple[TurnPoint, ...]
