"""Label sheets: open items as a CSV file for a spreadsheet, and what somebody filled in there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dspyui_core.datasets import RawRow, scan_file, stream_rows
from dspyui_core.errors import FeedbackError, Problem
from dspyui_core.extensions import choice_hint
from dspyui_core.files import csv_line, said_in
from dspyui_core.review.items import ReviewItem
from dspyui_core.text import normalise

SEQ: Final = "item"
COMMENT: Final = "comment"
_INPUT, _LABEL, _ANSWERED = "input.", "label.", "answered."
# Formats whose cells a sheet disarms.
_CELLS = (".csv", ".tsv")
_KEEP = "leave what identifies a row as it was exported"


@dataclass(frozen=True, slots=True)
class Filled:
    """What one row of a sheet says; `number` is 1-based. Without labels it is still to do.

    `inputs` are cells to be compared with the item's, so that a row that lost its number is found.
    """

    number: int
    seq: int
    labels: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    comment: str | None = None

    def misplaced(self, item: ReviewItem) -> list[Problem]:
        """The cells that are not the inputs of this item."""
        inputs = item.content.get("inputs") or {}
        return [
            Problem(
                f"{_INPUT}{name}",
                f"is not that input of item {item.seq}",
                cell,
                _KEEP,
                self.number,
            )
            for name, cell in self.inputs.items()
            if _plain(cell) != _plain(inputs.get(name))
        ]


def sheet_lines(
    items: Sequence[ReviewItem],
    outputs: Sequence[str],
    *,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[str]:
    """The lines of a sheet: a row per item with its inputs, and a blank cell per label.

    With `answers`, by trace id, what the program answered stands in it, too.
    """
    inputs = list(dict.fromkeys(name for item in items for name in item.content["inputs"]))
    shown = [] if answers is None else [f"{_ANSWERED}{name}" for name in outputs]
    labels = [f"{_LABEL}{name}" for name in outputs]
    yield csv_line([SEQ, *(f"{_INPUT}{name}" for name in inputs), *shown, *labels, COMMENT])
    for item in items:
        given = item.content["inputs"]
        cells = [item.seq, *(given.get(name) for name in inputs)]
        if answers is not None:
            answered = answers.get(item.content.get("trace_id") or "", {})
            cells += [answered.get(name) for name in outputs]
        yield csv_line([*cells, *(None for _ in labels), None])


def read_sheet(path: Path, outputs: Sequence[str]) -> list[Filled]:
    """The rows of a filled sheet: CSV, TSV, JSON Lines or Parquet.

    Raises DatasetError where the file cannot be read, FeedbackError with every problem of it.
    """
    columns = scan_file(path).columns
    problems = _wrong_columns(columns, outputs)
    rows = [] if problems else [_Cells(row, path.suffix.lower() in _CELLS) for row in _rows(path)]
    filled = [cells.filled() for cells in rows]
    problems += [problem for cells in rows for problem in cells.problems]
    problems += _repeated(filled)
    if problems:
        raise refused(path, problems)
    return filled


def refused(path: Path, problems: Sequence[Problem]) -> FeedbackError:
    """The error of a sheet with these problems."""
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    ordered = sorted(problems, key=lambda problem: problem.row or 0)
    return FeedbackError(f"{path} has {count}; nothing was recorded", ordered)


def _rows(path: Path) -> Iterator[RawRow]:
    return stream_rows(path)


def _wrong_columns(columns: Sequence[str], outputs: Sequence[str]) -> list[Problem]:
    allowed = (SEQ, COMMENT, *(f"{_LABEL}{name}" for name in outputs))
    missing = [] if SEQ in columns else [Problem(SEQ, "is no column of the file", None, _KEEP)]
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    unknown = [
        name for name in columns if name not in allowed and not name.startswith((_INPUT, _ANSWERED))
    ]
    return [
        *missing,
        *(Problem(name, "is there twice", None, "remove one") for name in repeated),
        *(
            Problem(name, "is no column of a sheet", None, choice_hint(name, allowed))
            for name in unknown
        ),
    ]


def _repeated(filled: Sequence[Filled]) -> list[Problem]:
    first: dict[int, int] = {}
    problems = []
    for row in filled:
        earlier = first.setdefault(row.seq, row.number)
        if earlier != row.number and row.seq:
            reason = f"is that of row {earlier}, too"
            problems.append(Problem(SEQ, reason, row.seq, "leave one of them", row.number))
    return problems


@dataclass(slots=True)
class _Cells:
    """The cells of one row; what is wrong with one becomes a problem."""

    row: RawRow
    disarmed: bool
    problems: list[Problem] = field(default_factory=list)

    def filled(self) -> Filled:
        number = self.row.number
        if self.row.problem:
            self.problems.append(self.row.problem)
            return Filled(number, 0)
        labels = {name: value for name, value in self._those(_LABEL).items() if value is not None}
        comment = self._cell(COMMENT)
        return Filled(
            number,
            self._seq(),
            labels,
            self._those(_INPUT),
            None if comment is None else str(comment),
        )

    def _seq(self) -> int:
        value = self._cell(SEQ)
        text = f"{value:.0f}" if isinstance(value, float) else str(value).strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        self.problems.append(Problem(SEQ, "is no number", value, _KEEP, self.row.number))
        return 0

    def _those(self, prefix: str) -> dict[str, Any]:
        names = (name for name in self.row.cells if name.startswith(prefix))
        return {name.removeprefix(prefix): self._cell(name) for name in names}

    def _cell(self, column: str) -> Any:
        return said_in(self.row.cells.get(column), disarmed=self.disarmed)


def _plain(value: Any) -> str:
    """A value as a spreadsheet that changes blanks and line ends still leaves it."""
    if value is None:
        return ""
    return normalise(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
