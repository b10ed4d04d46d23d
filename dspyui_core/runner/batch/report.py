"""What a batch job comes to: its statistics, and the plan of one that has not run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dspyui_core.records import Record, TurnLM
from dspyui_core.runner.batch.jobs import Job, RowResult


class BatchReport(Record):
    """A finished batch job; the counts are of the whole job, however often it was resumed.

    `error_count` counts every row without an answer, `invalid_count` those of them that do not fit
    the inputs and were not asked; `success_rate` is 0..1. `total_latency` is the sum of what each
    row took, in seconds, and `avg_latency_per_row` its mean over the rows that were asked; rows
    are asked side by side, so `seconds`, what this run took, is less. `asked` are the rows that
    this run asked.
    """

    program: str
    version: int | None
    job: str
    path: Path
    total_rows: int
    success_count: int
    error_count: int
    invalid_count: int
    success_rate: float
    total_latency: float
    avg_latency_per_row: float
    asked: int
    lm: TurnLM
    seconds: float

    def markdown(self) -> str:
        """The statistics as a table."""
        shown = self.model_dump(mode="json", exclude={"lm"}) | {
            "lm_calls": self.lm.calls,
            "usd": self.lm.usd,
        }
        rows = [f"| {name} | {value} |" for name, value in shown.items()]
        return "\n".join(["| | |", "|---|---|", *rows])


class BatchPlan(Record):
    """What a batch job would do: rows of the file, those that do not fit, those answered already.

    `problems` says what is wrong with the first rows that do not fit.
    """

    program: str
    version: int | None
    job: str
    path: Path
    rows: int
    invalid: int
    answered: int
    problems: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What the rows of a job add up to."""

    rows: int = 0
    ok: int = 0
    invalid: int = 0
    latency_ms: float = 0.0
    calls: int = 0
    usd: float | None = 0.0

    def add(self, result: RowResult) -> None:
        """Count one row."""
        self.rows += 1
        self.ok += result.status == "ok"
        self.invalid += result.status == "invalid"
        self.latency_ms += result.latency_ms
        self.calls += result.calls
        known = self.usd is not None and result.usd is not None
        self.usd = (self.usd or 0.0) + (result.usd or 0.0) if known else None

    def report(self, job: Job, *, path: Path, asked: int, seconds: float) -> BatchReport:
        """The statistics of these rows."""
        latency, tried = self.latency_ms / 1000, self.rows - self.invalid
        return BatchReport(
            program=job.program,
            version=job.version,
            job=job.job,
            path=path,
            total_rows=self.rows,
            success_count=self.ok,
            error_count=self.rows - self.ok,
            invalid_count=self.invalid,
            success_rate=round(self.ok / self.rows, 6) if self.rows else 0.0,
            total_latency=round(latency, 3),
            avg_latency_per_row=round(latency / tried, 6) if tried else 0.0,
            asked=asked,
            lm=TurnLM(calls=self.calls, usd=self.usd),
            seconds=round(seconds, 3),
        )
