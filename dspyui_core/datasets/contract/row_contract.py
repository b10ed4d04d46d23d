"""The row contract of a program: cells as typed values, or every problem of the row that they make.

Pydantic parses (nothing is rounded or guessed), then the rules of the signature and the limits of
`dataset.checks` judge the typed values: many rows by pandera, one row by the same rules directly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dspyui_core.datasets.contract.rules import UNICODE, RowRules, rules_of, text_rules
from dspyui_core.errors import Problem
from dspyui_core.fields import parse_row, row_model
from dspyui_core.spec import ProgramSpec

if TYPE_CHECKING:
    from dspyui_core.datasets.contract.schema import RowSchema

Cells = Mapping[str, Any]
# What a report shows of a value; a megabyte of it helps nobody and would be kept for each row.
LONGEST_VALUE: Final = 200
_MOST_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of cells as typed values by field name; where it has problems there are no values."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


class RowContract:
    """What the rows of one spec have to be, wherever they come from: files, feedback, samples."""

    def __init__(self, spec: ProgramSpec) -> None:
        self._fields = spec.fields
        self._model = row_model(spec.fields)
        limits = spec.dataset.checks
        self._longest = limits.max_characters
        self._text = text_rules(limits)
        self._rules: RowRules = rules_of(spec.signature.inputs, spec.signature.outputs, limits)

    @cached_property
    def _schema(self) -> RowSchema:
        """Made when many rows are read: one row needs no pandera."""
        from dspyui_core.datasets.contract.schema import RowSchema

        return RowSchema(self._rules)

    def read(self, cells: Cells) -> Reading:
        """One row; the same as `read_all` says of it, without a table."""
        parsed = self._parsed(cells)
        if parsed.problems:
            return parsed
        found = self._rules.broken(parsed.values)
        return _refused(found) if found else parsed

    def read_all(self, rows: Iterable[Cells]) -> list[Reading]:
        """Many rows at once, in their order."""
        readings = [self._parsed(cells) for cells in rows]
        places = [place for place, reading in enumerate(readings) if not reading.problems]
        broken = self._schema.judge([readings[place].values for place in places])
        for judged, found in broken.items():
            readings[places[judged]] = _refused(found)
        return readings

    def _parsed(self, cells: Cells) -> Reading:
        # Text that is too long is not parsed at all: its length is all there is to say.
        long = {name for name in self._rules.fields if self._is_long(cells.get(name))}
        asked = {**cells, **dict.fromkeys(long)} if long else cells
        values, problems = parse_row(self._fields, asked, model=self._model)
        problems += [
            UNICODE.problem(name, value)
            for name, value in values.items()
            if not UNICODE.holds(value)
        ]
        if not problems and not long:
            return Reading(values)
        told = [p for p in problems if _field_of(p) not in long]
        return _refused(self._with_texts(cells, told))

    def _is_long(self, cell: Any) -> bool:
        return isinstance(cell, str) and len(cell) > self._longest

    def _with_texts(self, cells: Cells, problems: Sequence[Problem]) -> list[Problem]:
        """The problems of a row that was not parsed, and those that its texts have besides."""
        told: list[Problem] = []
        for name in self._rules.fields:
            own = [problem for problem in problems if _field_of(problem) == name]
            told += own or self._broken_text(name, cells.get(name))
        return told

    def _broken_text(self, name: str, cell: Any) -> list[Problem]:
        # The first only: what is too long is not looked at any further.
        asked = self._text if isinstance(cell, str) else ()
        return next(([rule.problem(name, cell)] for rule in asked if not rule.holds(cell)), [])


def excerpt(value: Any) -> Any:
    """The value, or as much of it as a report shows; numbers and short values stay as they are."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a whole number of {value.bit_length():,} bits"
    if value is None or isinstance(value, bool | int | float):
        return value
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (RecursionError, ValueError, TypeError):
        return f"a {type(value).__name__} that is too deep or too odd to show"
    return value if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def shown(problem: Problem) -> Problem:
    """The problem with no more of its value than a report shows."""
    return replace(problem, value=excerpt(problem.value))


def _refused(problems: Sequence[Problem]) -> Reading:
    return Reading({}, tuple(map(shown, problems)))


def _field_of(problem: Problem) -> str:
    return problem.column.partition(".")[0]
