"""Checks: what the rows of an assignment show, as results in the form of a dataset check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from dspyui_core.datasets.findings import CheckName, Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.datasets.splits import Assigned
from dspyui_core.fields import Field
from dspyui_core.records import Record, SplitName
from dspyui_core.spec import CheckSpec

Severity = Literal["pass", "warn", "quarantine", "block"]
_NAMED_CLASSES = 5


class Check(Record):
    """One check's result: `count` rows (classes for class_balance), `rows` their data rows.

    A check that found nothing is listed with severity `pass`, so that one sees that it ran.
    """

    name: CheckName
    severity: Severity = "pass"
    count: int = 0
    rows: tuple[int, ...] = ()
    message: str = ""


def run_checks(assigned: Assigned, minimums: CheckSpec) -> tuple[Check, ...]:
    """All checks of a dataset, each listed once, in a fixed order."""
    return (
        _contract(assigned, minimums),
        _noted(assigned, "exact_duplicates", "with the input and label of another, which counts"),
        _near_duplicates(assigned),
        _quarantined(assigned, "label_conflicts", "with one input and different labels"),
        _leakage(assigned),
        _class_balance(assigned, minimums),
    )


def distinct_places(findings: Iterable[Finding]) -> int:
    """How many rows the findings are about."""
    return len({finding.place for finding in findings})


def _contract(assigned: Assigned, minimums: CheckSpec) -> Check:
    bad = _quarantined(assigned, "contract", "not as the signature says")
    short = _shortages(assigned, minimums)
    left_out = assigned.fold.left_out
    where = [f"{_rows(left_out)} left out by dataset.where"] if left_out else []
    message = "; ".join([*([bad.message] if bad.message else []), *short, *where])
    severity: Severity = "block" if short else bad.severity
    return bad.model_copy(update={"severity": severity, "message": message})


def _shortages(assigned: Assigned, minimums: CheckSpec) -> list[str]:
    if not assigned.rows:
        return ["no row is left; give the dataset rows that fit the signature"]
    found = []
    for split in get_args(SplitName):
        have, need = len(assigned.of(split)), getattr(minimums, f"minimum_{split}")
        if have < need:
            found.append(
                f"{split} has {_rows(have)} and needs {need}: add rows, "
                f"or lower dataset.checks.minimum_{split}"
            )
    return found


def _quarantined(assigned: Assigned, name: CheckName, what: str) -> Check:
    return _check(name, "quarantine", _named(assigned.findings, name), what)


def _noted(assigned: Assigned, name: CheckName, what: str) -> Check:
    return _check(name, "warn", _named(assigned.notes, name), what)


def _named(findings: Iterable[Finding], name: CheckName) -> list[Finding]:
    return [finding for finding in findings if finding.check == name]


def _check(name: CheckName, severity: Severity, found: Sequence[Finding], what: str) -> Check:
    count = distinct_places(found)
    if not count:
        return Check(name=name)
    rows = {f.problem.row for f in found if f.problem.row is not None}
    message = f"{_rows(count)} {what}"
    return Check(
        name=name, severity=severity, count=count, rows=tuple(sorted(rows)), message=message
    )


def _leakage(assigned: Assigned) -> Check:
    leaking = _quarantined(assigned, "leakage", "nearly repeating rows of another split")
    return (
        leaking
        if leaking.count
        else _noted(assigned, "leakage", "asking for another split than their first")
    )


def _near_duplicates(assigned: Assigned) -> Check:
    sizes = Counter(assigned.groups[row.key] for row in assigned.rows)
    near = [row for row in assigned.rows if sizes[assigned.groups[row.key]] > 1]
    if not near:
        return Check(name="near_duplicates")
    groups = {assigned.groups[row.key] for row in near}
    message = (
        f"{_rows(len(near))} with near duplicates; each of the {len(groups)} groups shares one "
        f"split, the largest has {_rows(max(sizes[group] for group in groups))}"
    )
    rows = tuple(sorted(row.data_row for row in near if row.data_row is not None))
    return Check(
        name="near_duplicates", severity="warn", count=len(near), rows=rows, message=message
    )


@dataclass(frozen=True, slots=True)
class _Balance:
    severity: Severity
    count: int
    message: str


def _class_balance(assigned: Assigned, minimums: CheckSpec) -> Check:
    fields = [f for f in assigned.fold.spec.signature.outputs if f.type in ("literal", "bool")]
    found = [
        balance
        for field in (fields if assigned.rows else [])
        if (balance := _balance(field, assigned, minimums)) is not None
    ]
    if not found:
        return Check(name="class_balance")
    return Check(
        name="class_balance",
        severity="block" if any(b.severity == "block" for b in found) else "warn",
        count=sum(balance.count for balance in found),
        message="; ".join(balance.message for balance in found),
    )


def _balance(field: Field, assigned: Assigned, minimums: CheckSpec) -> _Balance | None:
    everywhere = _classes(field, assigned.rows)
    train = _classes(field, assigned.of("train"))
    if len(everywhere) == 1:
        only = f"every {field.name} is {next(iter(everywhere))!r}"
        return _Balance("block", 1, f"{only}, one class: nothing to learn; add rows of others")
    need = minimums.minimum_per_class
    rare = sorted(name for name in everywhere if train[name] < need)
    if not rare:
        return None
    named = ", ".join(f"{name} ({train[name]})" for name in rare[:_NAMED_CLASSES])
    more = f" and {len(rare) - _NAMED_CLASSES} more" if len(rare) > _NAMED_CLASSES else ""
    message = f"train has under {_rows(need)} of {field.name} {named}{more}: add rows of them"
    return _Balance("warn", len(rare), message)


def _classes(field: Field, rows: Iterable[Row]) -> Counter[str]:
    return Counter(str(row.labels[field.name]) for row in rows)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
