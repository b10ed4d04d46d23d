"""Results that count findings: what loading, the fold and the splits found is told by its check."""

from __future__ import annotations

from collections.abc import Iterable

from dspyui_core.datasets.checks.protocol import CheckResult, Severity
from dspyui_core.datasets.findings import Finding, distinct_places


def counted(name: str, severity: Severity, findings: Iterable[Finding], what: str) -> CheckResult:
    """The findings of the check `name` as its result, `3 rows {what}`; `pass` without any."""
    own = [finding for finding in findings if finding.check == name]
    if not own:
        return CheckResult(name=name)
    count = distinct_places(own)
    rows = {finding.problem.row for finding in own if finding.problem.row is not None}
    return CheckResult(
        name=name,
        severity=severity,
        count=count,
        rows=tuple(sorted(rows)),
        message=f"{rows_in_words(count)} {what}",
    )


def rows_in_words(count: int) -> str:
    """`1 row`, `2 rows`."""
    return "1 row" if count == 1 else f"{count} rows"
