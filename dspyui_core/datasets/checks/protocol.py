"""What a check is given, what it has, and what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from dspyui_core.datasets.doubting import Doubt
from dspyui_core.datasets.findings import Finding
from dspyui_core.datasets.folding import Fold
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.shape import Shape
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.records import Record

Severity = Literal["pass", "warn", "quarantine", "block"]
# What users wrote beside their ratings, by trace and user.
Comments = Mapping[tuple[str, str | None], str]


class NoOptions(BaseModel):
    """The options of a check that has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckResult(Record):
    """One check's result: `count` rows (classes for class_balance, fields for drift), `rows` their
    data rows.

    A check that found nothing is listed with severity `pass`, so that one sees that it ran.
    """

    name: str
    severity: Severity = "pass"
    count: int = 0
    rows: tuple[int, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a check came to: its result, and the labels that a person should look at."""

    result: CheckResult
    doubts: tuple[Doubt, ...] = ()


class Check(ABC):
    """An entry of the catalog: made from its `Options`, it says what it sees in a dataset.

    The result depends on the dataset, the shape of the version before and the options alone: a
    check asks no LM and changes no row. An option `severity` says what follows; `off` leaves the
    check out.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]] = NoOptions

    def __init__(self, options: Any) -> None:
        self._options = options

    @abstractmethod
    def run(self, dataset: Assigned) -> CheckResult:
        """Look at the rows, which have their splits by now; the holdout is among them."""

    @property
    def severity(self) -> str:
        """What follows where it finds something: off, warn, quarantine or block."""
        return str(getattr(self._options, "severity", "warn"))

    def screen(self, found: Fold, comments: Comments) -> Iterable[Finding]:
        """What it has against single rows, before splits are decided; most checks nothing.

        With the severity `warn` its rows are noted only, otherwise they may not pass. `run` is
        given both among the findings and notes of the dataset.
        """
        return ()

    def examine(self, dataset: Assigned, previous: Shape | None) -> Examined:
        """`run`, for a check that compares with the version before or doubts single labels."""
        return Examined(self.run(dataset))

    def passed(self) -> CheckResult:
        """The result of a check that found nothing."""
        return CheckResult(name=self.name)

    def found(
        self, rows: Iterable[Row], message: str, *, severity: Literal["warn", "block"] | None = None
    ) -> CheckResult:
        """A result that names these rows; `block` stops a turn before anything is spent.

        Without a severity it is the check's own, which is `warn` where no option says so.
        Rows that come from feedback are counted, but have no number in a file.
        """
        named = list(rows)
        numbers = sorted(row.data_row for row in named if row.data_row is not None)
        return CheckResult(
            name=self.name,
            severity=severity or ("block" if self.severity == "block" else "warn"),
            count=len(named),
            rows=tuple(numbers),
            message=message,
        )
