"""Findings: what a check says about one row, and where that row came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dspyui_core.errors import Problem

FEEDBACK = "feedback"
# A file's name with a data row of it, or `feedback` with a trace id.
FoundAt = tuple[str, int | str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of one row, found by the check of that name.

    `source` is a file's name or `feedback`, which has a trace id.
    """

    check: str
    problem: Problem
    source: str
    trace_id: str | None = None

    @property
    def place(self) -> FoundAt:
        """What identifies the row: two findings with one place are about one row."""
        return self.source, self.problem.row if self.trace_id is None else self.trace_id

    def placed(self, *, name_source: bool) -> Problem:
        """The problem with its place in words, where a row number alone does not say it."""
        if self.trace_id is not None:
            return replace(self.problem, reason=f"{self.problem.reason} (trace {self.trace_id})")
        if name_source:
            return replace(self.problem, reason=f"{self.problem.reason} (in {self.source})")
        return self.problem


def distinct_places(findings: Iterable[Finding]) -> int:
    """How many rows the findings are about."""
    return len({finding.place for finding in findings})
