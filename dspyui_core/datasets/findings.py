"""Findings: what a check says about one row, and where that row came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dspyui_core.errors import Problem

CheckName = Literal[
    "contract",
    "exact_duplicates",
    "near_duplicates",
    "label_conflicts",
    "leakage",
    "class_balance",
]
FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of one row; `source` is a file's name or `feedback`, which has a trace id."""

    check: CheckName
    problem: Problem
    source: str
    trace_id: str | None = None

    @property
    def place(self) -> tuple[str, int | str | None]:
        """What identifies the row: two findings with one place are about one row."""
        return self.source, self.problem.row if self.trace_id is None else self.trace_id

    def placed(self, *, name_source: bool) -> Problem:
        """The problem with its place in words, where a row number alone does not say it."""
        if self.trace_id is not None:
            return replace(self.problem, reason=f"{self.problem.reason} (trace {self.trace_id})")
        if name_source:
            return replace(self.problem, reason=f"{self.problem.reason} (in {self.source})")
        return self.problem
