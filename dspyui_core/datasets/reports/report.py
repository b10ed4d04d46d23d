"""The report of a dataset check: its verdict, as JSON and as short markdown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field

from dspyui_core.datasets.checks import CheckResult, run_checks
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.folding import feedback_total
from dspyui_core.datasets.rows import AUDIT
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.records import Record, SplitName
from dspyui_core.spec import CheckSpec

_LISTED = 20
_LONGEST = 200


class Quarantined(Record):
    """One reason why a row may not pass; `row` is its 1-based data row, None for feedback.

    `check` found it; `source` is a file's name or `feedback`, which has a `trace_id`.
    """

    row: int | None
    column: str
    reason: str
    value: str | int | float | bool | None
    remedy: str
    check: str = ""
    source: str = ""
    trace_id: str | None = None

    def told(self) -> dict[str, Any]:
        """What the JSON of a dataset check says of it."""
        return self.model_dump(mode="json", exclude={"check", "source", "trace_id"})


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

    @property
    def blocked(self) -> bool:
        """Whether a turn has to stop here."""
        return self.verdict == "blocked"

    def to_json(self) -> dict[str, Any]:
        """The JSON of a dataset check, as plain data."""
        content = self.model_dump(mode="json", exclude={"left_out", "parked", "splits"})
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


def report_on(assigned: Assigned, spec: CheckSpec, *, seconds: float) -> DatasetReport:
    """The report of an assignment; `seconds` is what the caller measured."""
    checks = run_checks(assigned, spec)
    severities = {check.severity for check in checks}
    # Rows of the inbox are numbered as rows of a file are.
    several = (len(assigned.fold.sources) > 1) or any(f.source == AUDIT for f in assigned.findings)
    worst: Literal["pass", "warn"] = "warn" if severities - {"pass"} else "pass"
    return DatasetReport(
        verdict="blocked" if "block" in severities else worst,
        rows=assigned.fold.total + feedback_total(assigned.fold),
        accepted=len(assigned.rows),
        quarantined=tuple(_listed(f, name_source=several) for f in assigned.findings),
        checks=checks,
        left_out=assigned.fold.left_out,
        parked=len(assigned.parked),
        seconds=round(seconds, 3),
        splits={split: len(assigned.of(split)) for split in get_args(SplitName)},
    )


def _listed(finding: Finding, *, name_source: bool) -> Quarantined:
    problem = finding.placed(name_source=name_source)
    return Quarantined(
        row=problem.row,
        column=problem.column,
        reason=problem.reason,
        value=_plain(problem.value),
        remedy=problem.remedy,
        check=finding.check,
        source=finding.source,
        trace_id=finding.trace_id,
    )


def _plain(value: Any) -> str | int | float | bool | None:
    """The value as JSON can hold it: a number stays one, the rest is text, shortened."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else _as_text(value)
    # JSON in UTF-8 has no place for half a surrogate pair, which a JSON file can smuggle in.
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _as_text(value: Any) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _checks_table(checks: tuple[CheckResult, ...]) -> list[str]:
    rows = [f"| {c.name} | {c.severity} | {c.count} | {_cell(c.message)} |" for c in checks]
    return ["| check | severity | count | |", "|---|---|---|---|", *rows]


def _quarantine_table(quarantined: tuple[Quarantined, ...]) -> list[str]:
    rows = [
        f"| {'' if q.row is None else q.row} | {_cell(q.column)} | {_cell(q.reason)} "
        f"| {_cell(q.value)} | {_cell(q.remedy)} |"
        for q in quarantined[:_LISTED]
    ]
    rest = len(quarantined) - _LISTED
    more = ["", f"and {rest} more"] if rest > 0 else []
    return ["| row | column | reason | value | remedy |", "|---|---|---|---|---|", *rows, *more]


def _cell(value: Any) -> str:
    return " ".join(("" if value is None else str(value)).replace("|", "\\|").split())
