"""Which of Great Expectations' expectations may judge a profile, what each takes, and its words."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dspyui_core.errors import Problem
from dspyui_core.extensions import choice_hint

_LIMITS: Final = ("min_value", "max_value", "strict_min", "strict_max")
_FLAGS: Final = ("strict_min", "strict_max", "or_equal")


@dataclass(frozen=True, slots=True)
class Kind:
    """The keys that an expectation takes; `columns` name columns of the profile."""

    columns: tuple[str, ...] = ("column",)
    others: tuple[str, ...] = ()
    measured_only: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.columns, *self.others)


_BETWEEN, _SET = Kind(others=_LIMITS), Kind(others=("value_set",))
# Others would fail on a table of one row: quantiles raise, distributions have nothing to compare.
KINDS: Final[Mapping[str, Kind]] = {
    "expect_column_max_to_be_between": _BETWEEN,
    "expect_column_mean_to_be_between": _BETWEEN,
    "expect_column_median_to_be_between": _BETWEEN,
    "expect_column_min_to_be_between": _BETWEEN,
    "expect_column_sum_to_be_between": _BETWEEN,
    "expect_column_values_to_be_between": _BETWEEN,
    "expect_column_values_to_be_in_set": _SET,
    "expect_column_values_to_not_be_in_set": _SET,
    "expect_column_values_to_not_be_null": Kind(measured_only=False),
    "expect_column_pair_values_a_to_be_greater_than_b": Kind(
        ("column_A", "column_B"), ("or_equal",)
    ),
}


def problems_of(
    at: str, name: str, kwargs: Mapping[str, Any], columns: Sequence[str]
) -> Iterator[Problem]:
    """What is wrong with one expectation, by dotted key below `at`."""
    kind = KINDS.get(name)
    if kind is None:
        told = "is no expectation that judges a profile"
        yield Problem(f"{at}.type", told, name, choice_hint(name, tuple(KINDS)))
        return
    given = {key: value for key, value in kwargs.items() if value is not None}
    for key in given.keys() - {*kind.keys}:
        hint = choice_hint(key, kind.keys)
        yield Problem(f"{at}.kwargs.{key}", f"is no key of {name}", kwargs[key], hint)
    for key in kind.columns:
        yield from _column_problems(f"{at}.kwargs.{key}", given.get(key), columns)
    for key in _FLAGS:
        if key in given and not isinstance(given[key], bool):
            yield Problem(f"{at}.kwargs.{key}", "is neither true nor false", given[key])
    if "min_value" in kind.others:
        yield from _limit_problems(f"{at}.kwargs", given)
    if "value_set" in kind.others:
        yield from _set_problems(f"{at}.kwargs.value_set", given.get("value_set"))


def columns_in(name: str, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of the profile that an expectation is about."""
    return tuple(kwargs[key] for key in KINDS[name].columns)


def expected_words(name: str, kwargs: Mapping[str, Any]) -> str:
    """What an expectation wants, in words: `at most 0.1`."""
    if "value_set" in kwargs:
        values = ", ".join(f"{value:g}" for value in kwargs["value_set"])
        return f"none of {values}" if "_not_" in name else f"one of {values}"
    if "column_B" in kwargs:
        return f"{'at least' if kwargs.get('or_equal') else 'more than'} {kwargs['column_B']}"
    if not KINDS[name].measured_only:
        return "measured"
    words = []
    if kwargs.get("min_value") is not None:
        least = "more than" if kwargs.get("strict_min") else "at least"
        words.append(f"{least} {kwargs['min_value']:g}")
    if kwargs.get("max_value") is not None:
        most = "less than" if kwargs.get("strict_max") else "at most"
        words.append(f"{most} {kwargs['max_value']:g}")
    return " and ".join(words)


def _column_problems(at: str, column: Any, columns: Sequence[str]) -> Iterator[Problem]:
    if column is None:
        yield Problem(at, "is missing", remedy="name a column of the profile")
    elif column not in columns:
        told = "is no column of the profile"
        yield Problem(at, told, column, choice_hint(str(column), tuple(columns)))


def _limit_problems(at: str, given: Mapping[str, Any]) -> Iterator[Problem]:
    limits = {key: given[key] for key in ("min_value", "max_value") if key in given}
    wrong = {key: value for key, value in limits.items() if not _is_number(value)}
    for key, value in wrong.items():
        yield Problem(f"{at}.{key}", "is no number", value, "write a number, or leave it out")
    if not limits:
        yield Problem(at, "has no limit", remedy="give min_value, max_value or both")
    if len(limits) == 2 and not wrong and limits["min_value"] > limits["max_value"]:
        remedy = f"write at most {limits['max_value']:g}, which max_value says"
        yield Problem(f"{at}.min_value", "is above max_value", limits["min_value"], remedy)


def _set_problems(at: str, values: Any) -> Iterator[Problem]:
    if not isinstance(values, list | tuple) or not values or not all(map(_is_number, values)):
        yield Problem(at, "is no list of numbers", values, "write a list, like [0, 1]")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and value == value
