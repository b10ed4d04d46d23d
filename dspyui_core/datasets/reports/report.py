"""The report of a dataset check: its verdict, as JSON and as short markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal, get_args

from pydantic import Field

from dspyui_core.datasets.checks import CheckResult, run_checks
from dspyui_core.datasets.doubting import Doubt
from dspyui_core.datasets.findings import FEEDBACK, Finding, FoundAt, distinct_places
from dspyui_core.datasets.folding import feedback_total
from dspyui_core.datasets.reports.leaking import repeated_rows
from dspyui_core.datasets.reports.masking import cell, masked, plain
from dspyui_core.datasets.rows import AUDIT
from dspyui_core.datasets.shape import Shape, shape_of
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.pages import VersionChange
from dspyui_core.records import Record, SplitName
from dspyui_core.spec import CheckSpec

_LISTED = 20
# The check that doubts labels.
DOUBTED: Final = "label_noise"
_LONGEST_MESSAGE = 2_000
# The keys of the JSON of a dataset check.
_TOLD: Final = {"verdict", "rows", "accepted", "quarantined", "checks", "seconds"}


class Quarantined(Record):
    """One reason why a row may not pass; `row` is its 1-based data row, None for feedback.

    `check` found it; `source` is a file's name or `feedback`, which has a `trace_id`. `repeats`
    are the places of rows that a row between two splits nearly repeats.
    """

    row: int | None
    column: str
    reason: str
    value: str | int | float | bool | None
    remedy: str
    check: str = ""
    source: str = ""
    trace_id: str | None = None
    repeats: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """What the JSON of a dataset check says of it."""
        return self.model_dump(mode="json", exclude={"check", "source", "trace_id", "repeats"})


class Doubted(Record):
    """A label that looks wrong; `row` is its 1-based data row, None for feedback.

    `value` is the label, `suggestion` what other rows make likely, `score` how likely the label
    is, 0..1. `text` is what the row asks, masked. `source` is a file's name or `feedback`, which
    has a `trace_id`.
    """

    row: int | None
    column: str
    value: str
    suggestion: str
    score: float
    text: str = ""
    source: str = ""
    trace_id: str | None = None

    def as_problem(self) -> Quarantined:
        """The doubt as the inbox shows it; the row itself may pass."""
        return Quarantined(
            row=self.row,
            column=self.column,
            reason="is unlikely by what other rows say",
            value=self.value,
            remedy=f"accept it to keep it; other rows make {self.suggestion!r} likely",
            check=DOUBTED,
            source=self.source,
            trace_id=self.trace_id,
        )


class DatasetReport(Record):
    """What a dataset check found; a row with several problems is listed once for each.

    `rows` counts everything looked at, `accepted` the rows that have a split, which `splits` counts
    by split. `left_out` rows the spec's `where` does not want, `parked` is feedback on holdout
    inputs.
    """

    verdict: Literal["pass", "warn", "blocked"]
    rows: int
    accepted: int
    quarantined: tuple[Quarantined, ...]
    checks: tuple[CheckResult, ...]
    left_out: int
    parked: int
    seconds: float
    splits: Mapping[str, int] = Field(default_factory=dict)
    # Quarantined rows, each counted once.
    held_back: int = 0
    # Labels for a person to look at, the worst first.
    doubts: tuple[Doubted, ...] = ()
    # Counts by class and length: of this dataset, and of the version before, None without one.
    shape: Shape | None = None
    previous: Shape | None = None
    # Since the version before, None without one.
    change: VersionChange | None = None
    # The content hash.
    version: str = ""
    # What Great Expectations says of the profile; empty where no suite judged.
    suite: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def blocked(self) -> bool:
        """Whether a turn has to stop here."""
        return self.verdict == "blocked"

    def to_json(self) -> dict[str, Any]:
        """The JSON of a dataset check, as plain data."""
        content = self.model_dump(mode="json", include=_TOLD)
        content["quarantined"] = [row.told() for row in self.quarantined]
        return content

    def markdown(self) -> str:
        """A short summary: the verdict, what each check found, the first quarantined rows."""
        counts = f"{self.accepted} of {self.rows} rows accepted"
        extra = f"{self.left_out} left out, {self.parked} parked"
        lines = [f"**{self.verdict}**: {counts}, {extra}", "", *_checks_table(self.checks)]
        if self.quarantined:
            lines += ["", *_quarantine_table(self.quarantined)]
        return "\n".join(lines)


def report_on(
    assigned: Assigned,
    spec: CheckSpec,
    *,
    previous: Shape | None = None,
    change: VersionChange | None = None,
) -> DatasetReport:
    """The report of an assignment; `seconds` are for the caller to fill in.

    `previous` is the shape of the version before, and `change` what changed since. Whatever the
    rows say is masked in it.
    """
    repeated = repeated_rows(assigned)
    checked = run_checks(assigned, spec, previous)
    severities = {check.severity for check in checked.results}
    # Rows of the inbox are numbered as rows of a file are.
    several = (len(assigned.fold.sources) > 1) or any(f.source == AUDIT for f in assigned.findings)
    worst: Literal["pass", "warn"] = "warn" if severities - {"pass"} else "pass"
    return DatasetReport(
        verdict="blocked" if "block" in severities else worst,
        rows=assigned.fold.total + feedback_total(assigned.fold),
        accepted=len(assigned.rows),
        quarantined=tuple(_listed(f, several, repeated) for f in assigned.findings),
        checks=tuple(map(_masked, checked.results)),
        left_out=assigned.fold.left_out,
        parked=len(assigned.parked),
        seconds=0.0,
        splits={split: len(assigned.of(split)) for split in get_args(SplitName)},
        held_back=distinct_places(assigned.findings),
        doubts=tuple(map(_doubted, checked.doubts)),
        shape=shape_of(assigned),
        previous=previous,
        change=change,
        version=assigned.fold.version,
    )


def _listed(
    finding: Finding, name_source: bool, repeated: Mapping[FoundAt, tuple[str, ...]]
) -> Quarantined:
    told = replace(finding.problem, reason=masked(finding.problem.reason))
    problem = replace(finding, problem=told).placed(name_source=name_source)
    return Quarantined(
        row=problem.row,
        column=problem.column,
        reason=problem.reason,
        value=plain(problem.value),
        remedy=masked(problem.remedy),
        check=finding.check,
        source=finding.source,
        trace_id=finding.trace_id,
        repeats=repeated.get(finding.place, ()) if finding.check == "leakage" else (),
    )


def _masked(result: CheckResult) -> CheckResult:
    return result.model_copy(update={"message": masked(result.message, _LONGEST_MESSAGE)})


def _doubted(doubt: Doubt) -> Doubted:
    row = doubt.row
    return Doubted(
        row=row.data_row,
        column=doubt.field,
        value=masked(doubt.label),
        suggestion=masked(doubt.suggested),
        score=round(doubt.score, 4),
        text=masked(" · ".join(str(value) for value in row.inputs.values())),
        source=FEEDBACK if row.is_feedback else row.source,
        trace_id=row.trace_id,
    )


def _checks_table(checks: tuple[CheckResult, ...]) -> list[str]:
    rows = [f"| {c.name} | {c.severity} | {c.count} | {cell(c.message)} |" for c in checks]
    return ["| check | severity | count | |", "|---|---|---|---|", *rows]


def _quarantine_table(quarantined: tuple[Quarantined, ...]) -> list[str]:
    rows = [
        f"| {'' if q.row is None else q.row} | {cell(q.column)} | {cell(q.reason)} "
        f"| {cell(q.value)} | {cell(q.remedy)} |"
        for q in quarantined[:_LISTED]
    ]
    rest = len(quarantined) - _LISTED
    more = ["", f"and {rest} more"] if rest > 0 else []
    return ["| row | column | reason | value | remedy |", "|---|---|---|---|---|", *rows, *more]
