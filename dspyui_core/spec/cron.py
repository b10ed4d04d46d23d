"""Cron lines: what is wrong with one, told before a scheduler drops it in silence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_PART = re.compile(r"(\*|[a-z]+|\d+)(?:-([a-z]+|\d+))?(?:/(\d+))?")
_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


@dataclass(frozen=True, slots=True)
class _Column:
    """One of the five columns: its numbers, and the names that stand for some."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)


_COLUMNS = (
    _Column("minute", 0, 59),
    _Column("hour", 0, 23),
    _Column("day", 1, 31),
    _Column("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    # 7 is Sunday, too.
    _Column("weekday", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)


def cron_problem(line: str) -> str:
    """What is wrong with a cron line, or an empty text; also where it names no day that comes."""
    words = line.lower().split()
    if len(words) != len(_COLUMNS):
        names = ", ".join(column.name for column in _COLUMNS)
        return f"has {len(words)} columns and needs 5: {names}; nightly at two is '0 2 * * *'"
    chosen = []
    for column, word in zip(_COLUMNS, words, strict=True):
        numbers = _numbers(column, word)
        if numbers is None:
            return (
                f"has {word!r} as its {column.name}: write *, {column.low}-{column.high}, "
                "a list with commas, or */STEP"
            )
        chosen.append(numbers)
    if words[4] == "*" and not _comes(days=chosen[2], months=chosen[3]):
        return "names a day that no month of it has, so it would never run"
    return ""


def _numbers(column: _Column, word: str) -> set[int] | None:
    """The numbers that a word of a cron line stands for, None where it is not one."""
    chosen: set[int] = set()
    for part in word.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            return None
        first, last, step = found.groups()
        every = first == "*"
        low = column.low if every else _number(column, first)
        # A step without an end goes on to the column's.
        high = _number(column, last) if last else column.high if every or step else low
        if low is None or high is None or low > high or (every and last) or step == "0":
            return None
        chosen.update(range(low, high + 1, int(step or 1)))
    return chosen


def _number(column: _Column, written: str) -> int | None:
    number = int(written) if written.isdigit() else column.names.get(written)
    return number if number is not None and column.low <= number <= column.high else None


def _comes(*, days: set[int], months: set[int]) -> bool:
    return any(min(days) <= _LONGEST_MONTH.get(month, 31) for month in months)
