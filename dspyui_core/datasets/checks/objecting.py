"""Checks that object to single rows: a finding each, counted whether or not it takes them out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, cast

from dspyui_core.datasets.checks.counting import counted
from dspyui_core.datasets.checks.protocol import Check, CheckResult, Severity
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


def text_outputs(found: Fold) -> tuple[str, ...]:
    """The names of the outputs that are texts."""
    return tuple(field.name for field in found.spec.signature.outputs if field.type == "str")


def first_gold(found: Fold, count: int) -> tuple[Row, ...]:
    """The first gold rows, at most `count`: enough to tell what is usual."""
    return tuple(islice((row for row in found.rows if not row.is_feedback), count))


def feedback_rows(found: Fold) -> Iterator[Row]:
    """The rows that users said."""
    return (row for row in found.rows if row.is_feedback)


def cells_of(row: Row) -> Iterator[tuple[str, str]]:
    """Every text of a row with the field that it is in."""
    for name, value in (*row.inputs.items(), *row.labels.items()):
        for text in texts_in(value):
            yield name, text
