"""Checks that object to single rows: a finding each, counted whether or not it takes them out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar, cast

from dspyui_core.datasets.checks.counting import counted
from dspyui_core.datasets.checks.protocol import Check, CheckResult, Comments, Severity
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.folding import Fold
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.datasets.texts.personal import mask
from dspyui_core.errors import Problem
from dspyui_core.text import texts_in


class ObjectingCheck(Check):
    """Base of a check whose `screen` gives findings; `what` says of its rows what they are."""

    what: ClassVar[str]

    def run(self, dataset: Assigned) -> CheckResult:
        """Count what `screen` found, be it quarantined or only noted."""
        found = (*dataset.findings, *dataset.notes)
        return counted(self.name, cast(Severity, self.severity), found, self.what)

    def objection(self, row: Row, column: str, reason: str, text: str, remedy: str) -> Finding:
        """The finding about one text of a row, personal data masked."""
        problem = Problem(column, reason, mask(text), remedy, row.data_row)
        return Finding(self.name, problem, row.source, row.trace_id)


class CorrectionCheck(ObjectingCheck):
    """Base of a check that compares what feedback says of each text output with the gold rows.

    `gold_rows` is how many of these, at most, tell what is usual.
    """

    gold_rows: ClassVar[int]

    def screen(self, found: Fold, comments: Comments) -> Iterator[Finding]:
        """What `compare` finds in each output that is a text."""
        names = [field.name for field in found.spec.signature.outputs if field.type == "str"]
        said = list(feedback_rows(found)) if names else []
        if not said:
            return
        gold = tuple(islice((row for row in found.rows if not row.is_feedback), self.gold_rows))
        for name in names:
            yield from self.compare(name, said, gold)

    @abstractmethod
    def compare(self, name: str, said: Sequence[Row], gold: Sequence[Row]) -> Iterator[Finding]:
        """The findings about one output in the feedback's rows, beside gold ones."""


def feedback_rows(found: Fold) -> Iterator[Row]:
    """The rows that users said."""
    return (row for row in found.rows if row.is_feedback)


def cells_of(row: Row) -> Iterator[tuple[str, str]]:
    """Every text of a row with the field that it is in."""
    for name, value in (*row.inputs.items(), *row.labels.items()):
        for text in texts_in(value):
            yield name, text
