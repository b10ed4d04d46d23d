"""Frozen records that cross layers: what one step hands to the next, and what is written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from statistics import fmean
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SplitName = Literal["train", "validation", "holdout"]
Stage = Literal["None", "Staging", "Production", "Archived"]
Verdict = Literal["promote", "refuse", "inconclusive", "ask"]
Outcome = Literal[
    "promoted",
    "refused",
    "inconclusive",
    "awaiting-approval",
    "blocked",
    "nothing-new",
    "abandoned",
    "failed",
]


class Record(BaseModel):
    """Base of every record: frozen, strict about its keys, JSON in and out."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatasetRef(Record):
    """A dataset version: `version` is its content hash; counts are rows."""

    program: str
    version: str
    rows: int
    train: int
    validation: int
    holdout: int
    quarantined: int
    parked: int
    feedback_rows: int = 0
    feedback_upto: int = 0


class CandidateRef(Record):
    """A compiled program in its MLflow run; `digest` is its content hash."""

    digest: str
    run_id: str
    optimizer: str
    note: str = ""
    validation_score: float | None = None


class ScoreRow(Record):
    """One example's result: `score` in 0..1, or None with an `error` where the example failed.

    Where it was answered `repeats` times, `score` is the mean, `deviation` its standard deviation
    over the answers, `latency_ms` that of one of them, and calls and USD of all. `slices` is column
    to value; `cached` says that the cache of answers spoke, and not the LM.
    """

    row_id: str
    score: float | None
    prediction: Mapping[str, Any] = Field(default_factory=dict)
    error: str = ""
    latency_ms: float = 0.0
    calls: int = 0
    usd: float | None = 0.0
    slices: Mapping[str, str] = Field(default_factory=dict)
    repeats: int = 1
    deviation: float = 0.0
    cached: bool = False


class ScoreCard(Record):
    """One program on one split (or a file outside of the loop) under one metric, a row per
    example; and its macro F1 (0..1) by literal output.
    """

    program_digest: str
    dataset_version: str
    split: SplitName | Literal["file"]
    metric: str
    rows: tuple[ScoreRow, ...]
    macro_f1: Mapping[str, float] = Field(default_factory=dict)

    @property
    def mean(self) -> float:
        """The mean score, 0..1; a failed row counts as 0."""
        return fmean(row.score or 0.0 for row in self.rows) if self.rows else 0.0

    @property
    def failed(self) -> int:
        """How many rows failed."""
        return sum(row.score is None for row in self.rows)


class Interval(Record):
    """A confidence interval of a mean, both ends included."""

    low: float
    high: float


class Comparison(Record):
    """Candidate minus opponent on the same rows; all scores 0..1, `low`..`high` the interval.

    `p_value` is one-sided: how likely such a gain is where the candidate is no better.
    `effect_size` is the difference in standard deviations of the paired differences.
    """

    opponent: str
    rows: int
    opponent_score: float
    candidate_score: float
    difference: float
    low: float
    high: float
    confidence: float
    wins: int
    losses: int
    deviation: float
    p_value: float = 1.0
    effect_size: float = 0.0
    method: str


class SliceScore(Record):
    """One program's mean score (0..1) on the rows that have `value` in `column`."""

    column: str
    value: str
    rows: int
    score: float
    failed: int


class SliceComparison(Record):
    """Candidate minus opponent on the rows of one slice; all scores 0..1."""

    column: str
    value: str
    rows: int
    opponent_score: float
    candidate_score: float
    difference: float
    low: float
    high: float


class Latency(Record):
    """How long answers took, in ms: the median, and what 95 % of them stayed below."""

    p50: float
    p95: float


class ReplayChange(Record):
    """An input of production that the candidate answers otherwise than the champion.

    `wanted` is what users hold to be right, by the rules by which feedback is learned from, or
    None. It is a `win` where the candidate says that and the champion does not, a `loss` where
    only the champion does. `error` says why the candidate has no answer.
    """

    trace_id: str
    inputs: Mapping[str, Any]
    champion: Mapping[str, Any]
    candidate: Mapping[str, Any]
    wanted: Mapping[str, Any] | None = None
    verdict: Literal["win", "loss", ""] = ""
    error: str = ""


class Replay(Record):
    """Recent inputs of production, answered by the champion (a version) and by a candidate.

    `rows` inputs were compared; `agreement` is the share (0..1) that both answer alike, None
    without any; `rated` of them have feedback. `failed` counts those the candidate has no answer
    to, `unfit` inputs that do not fit it and were not asked. `changes` are the answers that differ:
    losses, wins, then the newest first; a turn keeps none of them.
    """

    champion: int
    rows: int
    agreement: float | None
    changed: int
    failed: int
    unfit: int
    rated: int
    wins: int
    losses: int
    changes: tuple[ReplayChange, ...] = ()


class Look(Record):
    """One look at the holdout of an epoch: look `number` of `planned`, and the error it may make.

    `level` is the chance of promoting a candidate that is no better; 0 where the epoch's looks are
    all taken.
    """

    epoch: int = 1
    number: int = 1
    planned: int = 20
    level: float = 0.0025


class Decision(Record):
    """The verdict of a turn with every reason for it; `subject` is what it lets pass."""

    verdict: Verdict
    subject: Literal["candidate", "baseline"] = "candidate"
    reasons: tuple[str, ...]
    evidence: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def registers(self) -> bool:
        """Whether a version is made of its subject."""
        return self.verdict in ("promote", "ask")


class ModelVersion(Record):
    """A registered version; `stage` is derived from its aliases and the decision ledger."""

    name: str
    version: int
    stage: Stage = "None"
    aliases: tuple[str, ...] = ()
    run_id: str = ""
    created_at: datetime | None = None
    tags: Mapping[str, str] = Field(default_factory=dict)


class TurnDataset(Record):
    """The dataset part of a turn's report; counts are rows."""

    @classmethod
    def of(cls, ref: DatasetRef) -> TurnDataset:
        """The part of a reference that a report shows."""
        return cls(**ref.model_dump(include=set(cls.model_fields)))

    version: str
    rows: int
    train: int
    validation: int
    holdout: int
    quarantined: int
    parked: int


class TurnScores(Record):
    """Mean scores on the holdout, 0..1; None where there is no such program."""

    baseline: float | None = None
    champion: float | None = None
    candidate: float | None = None


class TurnDecision(Record):
    """The decision part of a turn's report."""

    verdict: Verdict
    reasons: tuple[str, ...]


class TurnLM(Record):
    """LM use of a turn; `usd` is None where a price is unknown."""

    calls: int = 0
    usd: float | None = 0.0


class Turn(Record):
    """One run of the loop, as `--json` prints it."""

    program: str
    turn: str | None
    outcome: Outcome
    dataset: TurnDataset | None = None
    scores: TurnScores = TurnScores()
    decision: TurnDecision | None = None
    model_version: int | None = None
    lm: TurnLM = TurnLM()
    seconds: float = 0.0
    message: str = ""
