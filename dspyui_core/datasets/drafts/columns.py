"""Columns: what each column of a data file holds, judged by its cells and its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Literal

from dspyui_core.datasets.reading.loading import RawTable
from dspyui_core.text import normalise

ColumnType = Literal["empty", "str", "int", "float", "bool", "list", "object", "date"]

_INT = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?")
# A number with a leading zero is a code: 007 is not 7.
_CODE = re.compile(r"[+-]?0\d.*")
_DATE = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}( \d{1,2}:\d{2}.*)?"
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_KEY_TOKENS = frozenset({"id", "ids", "uuid", "guid", "key", "index", "idx", "hash", "nr", "no"})
_ALWAYS_KEYS = frozenset({"id", "uuid", "guid"})

LONGEST_CLASS = 60
MOST_CLASSES_WITH_FEW_ROWS = 20
FEW_ROWS = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its cells as stripped texts in the order of the rows, and how often each occurs.

    A blank cell is an empty text, which `values` does not count.
    """

    name: str
    type: ColumnType
    cells: tuple[str, ...]
    values: Counter[str]

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return len(self.cells)

    @property
    def filled(self) -> int:
        """How many cells are not blank."""
        return self.values.total()

    @property
    def blank(self) -> int:
        """How many cells are blank."""
        return self.rows - self.filled

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(self.values)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words of the name, in lower case: `userIntent` and `user_intent` are alike."""
        return tuple(token.lower() for token in _TOKEN.findall(self.name))

    @property
    def is_key(self) -> bool:
        """Whether this only tells rows apart: by its name and its values."""
        if self.type not in ("str", "int"):
            return False
        last = self.tokens[-1] if self.tokens else ""
        if last in _ALWAYS_KEYS or all(_UUID.fullmatch(value) for value in self.values):
            return True
        return self.distinct == self.filled > 1 and (last in _KEY_TOKENS or self._counts_rows())

    @property
    def holds_classes(self) -> bool:
        """Whether the values are short texts that repeat, as the labels of a choice do."""
        if self.type != "str" or max(map(len, self.values)) > LONGEST_CLASS:
            return False
        if self.distinct * 2 <= self.filled:
            return True
        few = self.distinct <= MOST_CLASSES_WITH_FEW_ROWS
        return few and (self.distinct < self.filled or self.filled < FEW_ROWS)

    @property
    def mean_length(self) -> float:
        """The mean length of the filled cells, in characters."""
        return sum(len(value) * count for value, count in self.values.items()) / (self.filled or 1)

    def alike(self) -> list[tuple[str, str]]:
        """Pairs of values that differ in case or spaces only."""
        seen: dict[str, str] = {}
        pairs = []
        for value in self.values:
            first = seen.setdefault(normalise(value), value)
            pairs += [(first, value)] if first != value else []
        return pairs

    def repeats(self, other: Column) -> bool:
        """Whether each value goes with one value of the other, and the other way round."""
        pairs = set(zip(self.cells, other.cells, strict=True))
        return len(pairs) == len(set(self.cells)) == len(set(other.cells)) < self.rows

    def _counts_rows(self) -> bool:
        if self.type != "int":
            return False
        numbers = sorted(int(value) for value in self.values)
        return numbers[-1] - numbers[0] == len(numbers) - 1


def columns_of(table: RawTable) -> tuple[Column, ...]:
    """Every column of a table, in the file's order; broken rows do not count."""
    rows = [row.cells for row in table.rows if row.problem is None]
    return tuple(_column(name, [cells.get(name) for cells in rows]) for name in table.columns)


def _column(name: str, cells: Sequence[Any]) -> Column:
    texts = tuple("" if cell is None else str(cell).strip() for cell in cells)
    values = Counter(text for text in texts if text)
    filled = [cell for cell, text in zip(cells, texts, strict=True) if text]
    return Column(name, _type(filled, values), texts, values)


def _type(filled: Sequence[Any], values: Counter[str]) -> ColumnType:
    if not filled:
        return "empty"
    if not all(isinstance(cell, str) for cell in filled):
        return _type_of_objects(filled)
    if {value.lower() for value in values} <= {"true", "false"}:
        return "bool"
    if all(_DATE.fullmatch(value) for value in values):
        return "date"
    if any(_CODE.fullmatch(value) and "." not in value for value in values):
        return "str"
    if all(_INT.fullmatch(value) for value in values):
        return "int"
    return "float" if all(_FLOAT.fullmatch(value) for value in values) else "str"


def _type_of_objects(filled: Sequence[Any]) -> ColumnType:
    """The type of cells that a JSON or Parquet file has typed; the widest one that fits all."""
    kinds = {type(cell) for cell in filled}
    if kinds <= {bool}:
        return "bool"
    if kinds <= {int}:
        return "int"
    if kinds <= {int, float}:
        return "float"
    if kinds <= {list}:
        texts = all(isinstance(item, str) for cell in filled for item in cell)
        return "list" if texts else "object"
    return "date" if all(isinstance(cell, date | time) for cell in filled) else "object"
