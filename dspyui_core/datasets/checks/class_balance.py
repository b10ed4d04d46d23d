"""`class_balance`: label values with too few rows to learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dspyui_core.datasets.checks.counting import rows_in_words
from dspyui_core.datasets.checks.protocol import Check, CheckResult, Severity
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splitting.assigning import Assigned
from dspyui_core.fields import Field
from dspyui_core.spec import ClassMinimum

_NAMED_CLASSES = 5


@dataclass(frozen=True, slots=True)
class _Balance:
    severity: Severity
    count: int
    message: str


class ClassBalance(Check):
    """Warns of rare classes in the train rows; blocks where there is one class only."""

    name = "class_balance"
    Options = ClassMinimum

    def run(self, dataset: Assigned) -> CheckResult:
        """Look at every output that is a literal or a bool; `count` is classes, not rows."""
        outputs = dataset.fold.spec.signature.outputs if dataset.rows else ()
        fields = [field for field in outputs if field.type in ("literal", "bool")]
        found = [b for field in fields if (b := self._balance(field, dataset)) is not None]
        if not found:
            return self.passed()
        return CheckResult(
            name=self.name,
            severity="block" if any(b.severity == "block" for b in found) else "warn",
            count=sum(balance.count for balance in found),
            message="; ".join(balance.message for balance in found),
        )

    def _balance(self, field: Field, dataset: Assigned) -> _Balance | None:
        everywhere = _classes(field, dataset.rows)
        train = _classes(field, dataset.of("train"))
        if len(everywhere) == 1:
            only = f"every {field.name} is {next(iter(everywhere))!r}"
            return _Balance("block", 1, f"{only}, one class: nothing to learn; add rows of others")
        need = self._options.minimum_per_class
        rare = sorted(name for name in everywhere if train[name] < need)
        if not rare:
            return None
        named = ", ".join(f"{name} ({train[name]})" for name in rare[:_NAMED_CLASSES])
        more = f" and {len(rare) - _NAMED_CLASSES} more" if len(rare) > _NAMED_CLASSES else ""
        message = f"train has under {rows_in_words(need)} of {field.name} {named}{more}"
        return _Balance("warn", len(rare), f"{message}: add rows of them")


def _classes(field: Field, rows: Iterable[Row]) -> Counter[str]:
    return Counter(str(row.labels[field.name]) for row in rows)
