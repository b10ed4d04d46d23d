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
    """One example's result: `score` in 0..1, or None with an `error` where the example failed."""

    row_id: str
    score: float | None
    prediction: Mapping[str, Any] = Field(default_factory=dict)
    error: str = ""
    latency_ms: float = 0.0
    calls: int = 0
    usd: float | None = 0.0


class ScoreCard(Record):
    """One program on one split (or a file outside of the loop) under one metric, a row per
    example.
    """

    program_digest: str
    dataset_version: str
    split: SplitName | Literal["file"]
    metric: str
    rows: tuple[ScoreRow, ...]

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
    """Candidate minus opponent on the same rows; all scores 0..1, `low`..`high` the interval."""

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
    method: str


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
