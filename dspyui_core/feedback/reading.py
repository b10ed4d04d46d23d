"""Reading: the rows of a feedback file, each as what it says, before anything is looked up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dspyui_core.datasets import RawRow, stream_rows
from dspyui_core.errors import FeedbackError, Problem
from dspyui_core.extensions import choice_hint
from dspyui_core.feedback.checking import PLAIN, unstorable
from dspyui_core.files import said_in

SAID = (
    "trace_id",
    "user_id",
    "rating",
    "comment",
    "corrected_output",
    "retracted",
    "idempotency_key",
)
# What an export has besides: it may stay where somebody fills in a correction.
EXPORTED = ("position", "version")
CORRECTED = "corrected."
# Where a field of the program has one of our names, an export calls ours like this.
GIVES_WAY = "feedback_"
LONGEST = {"trace_id": 200, "user_id": 200, "idempotency_key": 250}
_TRUTH = {"true": True, "false": False}
# Formats whose cells an export disarms.
_CELLS = (".csv", ".tsv")
_NAMED = 'write {"OUTPUT": VALUE}, or use a column corrected.OUTPUT'


@dataclass(frozen=True, slots=True)
class Line:
    """What one row says, with every problem of it; `number` is 1-based.

    `corrected` is a mapping by output name, or a value of the only output; `position` is the
    journal position of what an exported row says, where it is one.
    """

    number: int
    trace_id: str = ""
    user_id: str | None = None
    rating: str | None = None
    comment: str | None = None
    corrected: Any = None
    retracted: bool = False
    key: str | None = None
    position: int | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column says what; `others` are fields of the program, or nothing."""

    named: Mapping[str, str]
    corrections: Mapping[str, str]
    others: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, columns: Iterable[str]) -> Self:
        """Sort a file's columns out. Raises FeedbackError for what is repeated or missing."""
        names = list(columns)
        named = {word: _ours(word, names) for word in (*SAID, *EXPORTED)}
        corrections = {n: n.removeprefix(CORRECTED) for n in names if n.startswith(CORRECTED)}
        taken = {*named.values(), *corrections}
        others = tuple(name for name in names if name not in taken)
        repeated = sorted({name for name in names if names.count(name) > 1})
        problems = [Problem(name, "is there twice", None, "rename one") for name in repeated]
        if named["trace_id"] not in names:
            remedy = choice_hint("trace_id", others).replace("allowed:", "its columns:")
            problems.append(Problem("trace_id", "is no column of the file", None, remedy))
        if problems:
            raise FeedbackError(f"{path} has wrong columns", problems)
        return cls(named, corrections, others)

    def unknown(self, fields: Iterable[str]) -> list[Problem]:
        """The columns that are neither ours nor a field of the programs that answered."""
        fields = tuple(fields)
        allowed = (*SAID, *(f"{CORRECTED}{name}" for name in fields))
        return [
            Problem(name, "is no column of feedback", None, choice_hint(name, allowed))
            for name in self.others
            if name not in fields
        ]


def read_lines(path: Path, columns: Columns) -> Iterator[Line]:
    """The rows of a file, in order. Raises DatasetError where it cannot be read."""
    disarmed = path.suffix.lower() in _CELLS
    return (_line(row, columns, disarmed) for row in stream_rows(path))


def _ours(word: str, names: Iterable[str]) -> str:
    while f"{GIVES_WAY}{word}" in names:
        word = f"{GIVES_WAY}{word}"
    return word


def _line(row: RawRow, columns: Columns, disarmed: bool) -> Line:
    if row.problem:
        return Line(row.number, problems=(row.problem,))
    cells = _Cells(row, columns, disarmed)
    retracted, corrected = cells.truth("retracted"), cells.correction()
    trace_id = cells.text("trace_id")
    if trace_id is None:
        cells.refuse("trace_id", "is blank", None, "say which answer it is about")
    if retracted and corrected is not None:
        cells.refuse("retracted", "goes together with a correction", True, "say one of them")
    return Line(
        row.number,
        trace_id or "",
        cells.text("user_id"),
        cells.text("rating"),
        cells.comment(),
        corrected,
        retracted,
        cells.text("idempotency_key"),
        cells.position(),
        tuple(cells.problems),
    )


@dataclass(slots=True)
class _Cells:
    """The cells of a row by our words; what is wrong with one becomes a problem."""

    row: RawRow
    columns: Columns
    disarmed: bool
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, word: str, reason: str, value: Any, remedy: str) -> None:
        column = self.columns.named[word]
        self.problems.append(Problem(column, reason, value, remedy, self.row.number))

    def text(self, word: str) -> str | None:
        """An id or a word: without blanks around it, and what the journal can keep."""
        value = self._cell(self.columns.named[word])
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        longest = LONGEST.get(word)
        if not isinstance(value, str):
            self.refuse(word, "is no text", value, "write a text")
            return None
        if longest is not None and (len(value) > longest or unstorable(value)):
            self.refuse(word, f"is no plain text of at most {longest} characters", value, PLAIN)
        return value.strip()

    def comment(self) -> str | None:
        value = self._cell(self.columns.named["comment"])
        if value is None or isinstance(value, str):
            return value
        self.refuse("comment", "is no text", value, "write a text")
        return None

    def truth(self, word: str) -> bool:
        value = self._cell(self.columns.named[word])
        found = _TRUTH.get(str(value).strip().lower(), value)
        if not isinstance(found, bool) and found is not None:
            self.refuse(word, "is neither true nor false", value, "write true, or nothing")
        return found is True

    def position(self) -> int | None:
        value = self._cell(self.columns.named["position"])
        text = f"{value:.0f}" if isinstance(value, float) else str(value)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def correction(self) -> Any:
        """What it should have been: a mapping by output name, or the only output's value."""
        columns = self.columns.corrections
        by_name = {name: self._cell(column) for column, name in columns.items()}
        by_name = {name: value for name, value in by_name.items() if value is not None}
        whole = self._whole()
        if by_name and whole is not None:
            column = f"{CORRECTED}{next(iter(by_name))}"
            self.refuse("corrected_output", f"is said together with {column}", whole, "say it once")
        return whole if whole is not None else by_name or None

    def _whole(self) -> Any:
        value = self._cell(self.columns.named["corrected_output"])
        if isinstance(value, str) and value.strip().startswith("{") and value.strip().endswith("}"):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                self.refuse("corrected_output", f"is malformed JSON: {error}", value, _NAMED)
        return None if value == {} else value

    def _cell(self, column: str) -> Any:
        return said_in(self.row.cells.get(column), disarmed=self.disarmed)
