"""What a check is given, what it has, and what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.records import Record

Severity = Literal["pass", "warn", "quarantine", "block"]


class NoOptions(BaseModel):
    """The options of a check that has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckResult(Record):
    """One check's result: `count` rows (classes for class_balance), `rows` their data rows.

    A check that found nothing is listed with severity `pass`, so that one sees that it ran.
    """

    name: str
    severity: Severity = "pass"
    count: int = 0
    rows: tuple[int, ...] = ()
    message: str = ""


class Check(ABC):
    """An entry of the catalog: made from its `Options`, it says what it sees in a dataset.

    The result depends on the dataset and the options alone: a check asks no LM and changes no row.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]] = NoOptions

    def __init__(self, options: Any) -> None:
        self._options = options

    @abstractmethod
    def run(self, dataset: Assigned) -> CheckResult:
        """Look at the rows, which have their splits by now; the holdout is among them."""

    def passed(self) -> CheckResult:
        """The result of a check that found nothing."""
        return CheckResult(name=self.name)

    def found(
        self, rows: Iterable[Row], message: str, *, severity: Literal["warn", "block"] = "warn"
    ) -> CheckResult:
        """A result that names these rows; `block` stops a turn before anything is spent.

        Rows that come from feedback are counted, but have no number in a file.
        """
        named = list(rows)
        numbers = sorted(row.data_row for row in named if row.data_row is not None)
        return CheckResult(
            name=self.name,
            severity=severity,
            count=len(named),
            rows=tuple(numbers),
            message=message,
        )
