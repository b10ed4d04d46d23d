"""`class_balance`: label values with too few rows to learn from, or too few beside others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dspyui_core.datasets.checks.counting import rows_in_words
from dspyui_core.datasets.checks.protocol import Check, CheckResult, Severity
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.fields import Field
from dspyui_core.spec import ClassBalanceSpec, ClassMinimum

_NAMED_CLASSES = 5


class ClassBalanceOptions(ClassMinimum, ClassBalanceSpec):
    """What is too few: rows of one label, and rows of one beside the others'."""


@dataclass(frozen=True, slots=True)
class _Balance:
    severity: Severity
    count: int
    message: str


class ClassBalance(Check):
    """Warns of rare classes in the train rows and of one-sided ones; one class alone blocks."""

    name = "class_balance"
    Options = ClassBalanceOptions

    def run(self, dataset: Assigned) -> CheckResult:
        """Look at every output that is a literal or a bool; `count` is classes, not rows."""
        outputs = dataset.fold.spec.signature.outputs if dataset.rows else ()
        fields = [field for field in outputs if field.type in ("literal", "bool")]
        found = [balance for field in fields for balance in self._balances(field, dataset)]
        if not found:
            return self.passed()
        return CheckResult(
            name=self.name,
            severity="block" if any(b.severity == "block" for b in found) else "warn",
            count=sum(balance.count for balance in found),
            message="; ".join(balance.message for balance in found),
        )

    def _balances(self, field: Field, dataset: Assigned) -> list[_Balance]:
        everywhere = _classes(field, dataset.rows)
        if len(everywhere) == 1:
            only = f"every {field.name} is {next(iter(everywhere))!r}"
            message = f"{only}, one class: nothing to learn; add rows of others"
            return [_Balance("block", 1, message)]
        train = _classes(field, dataset.of("train"))
        rare = sorted(name for name in everywhere if train[name] < self._options.minimum_per_class)
        found = [self._rare(field, rare, train)] if rare else []
        uneven = self._uneven(field, everywhere)
        return [*found, uneven] if uneven is not None else found

    def _rare(self, field: Field, rare: list[str], train: Counter[str]) -> _Balance:
        need = rows_in_words(self._options.minimum_per_class)
        named = ", ".join(f"{name} ({train[name]})" for name in rare[:_NAMED_CLASSES])
        more = f" and {len(rare) - _NAMED_CLASSES} more" if len(rare) > _NAMED_CLASSES else ""
        message = f"train has under {need} of {field.name} {named}{more}: add rows of them"
        return _Balance(self._own, len(rare), message)

    def _uneven(self, field: Field, everywhere: Counter[str]) -> _Balance | None:
        (largest, most), *_, (_, fewest) = everywhere.most_common()
        if most > self._options.largest_to_smallest * fewest:
            few = [n for n, c in everywhere.items() if most > self._options.largest_to_smallest * c]
            message = f"{field.name} {largest} has {most / fewest:.0f} times the rows of the rarest"
            return _Balance(self._own, len(few), f"{message}: add rows of the {len(few)} rarest")
        even = evenness(everywhere)
        if even >= self._options.evenness:
            return None
        share = most / everywhere.total()
        message = f"{share:.0%} of {field.name} are {largest}, evenness {even:.2f}"
        return _Balance(self._own, 1, f"{message}: add rows of others")

    @property
    def _own(self) -> Severity:
        return "block" if self.severity == "block" else "warn"


def evenness(counts: Counter[str]) -> float:
    """The entropy of two classes or more as a share of what equal shares have, 0..1 (Pielou)."""
    total = counts.total()
    shares = (count / total for count in counts.values())
    return -sum(share * math.log(share) for share in shares) / math.log(len(counts))


def _classes(field: Field, rows: Iterable[Row]) -> Counter[str]:
    return Counter(str(row.labels[field.name]) for row in rows)
