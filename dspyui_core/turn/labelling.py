"""Labelling: drawing the audit sample, and label sheets that go out and come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from dspyui_core.datasets.splitting.ledger import read_ledger
from dspyui_core.errors import InputError, NotFoundError, Problem
from dspyui_core.files import write_pieces
from dspyui_core.records import Record
from dspyui_core.review import (
    Drawing,
    Filled,
    Inbox,
    ReviewItem,
    checked_labels,
    draw,
    open_samples,
    read_sheet,
    sheet_lines,
)
from dspyui_core.review.sheets import SEQ, refused
from dspyui_core.turn.reviewing import program_spec, reviewer_word
from dspyui_core.workspace import Workspace

__all__ = [
    "ImportedLabels",
    "LabelSheet",
    "Sampled",
    "draw_sample",
    "export_sheet",
    "import_sheet",
    "plan_import",
    "plan_sample",
    "plan_sheet",
]

SheetKind = Literal["sample", "row"]


class Sampled(Record):
    """A drawing of the audit sample; counts are distinct inputs.

    Of those `served`, `known` have their split already, and `near` were passed over because they
    nearly repeat one that has, or another drawn one. `items` are the numbers in the inbox.
    """

    program: str
    served: int
    known: int
    near: int
    drawn: int
    items: tuple[int, ...] = ()


class LabelSheet(Record):
    """A sheet of open items to label."""

    program: str
    path: Path
    rows: int


class ImportedLabels(Record):
    """A filled sheet: rows accepted just now, accepted before with the same labels, or blank."""

    program: str
    path: Path
    rows: int
    accepted: int
    repeated: int
    blank: int


def plan_sample(ws: Workspace, program: str, *, count: int | None = None) -> Sampled:
    """What `draw_sample` would draw; nothing is written."""
    spec = program_spec(ws, program)
    drawing = draw(spec, _answers(ws, program), read_ledger(ws.engine, program), count=count)
    return _sampled(program, drawing)


def draw_sample(ws: Workspace, program: str, *, count: int | None = None) -> Sampled:
    """Draw served inputs to be labelled; by default `feedback.audit_share` of all of them.

    Raises InputError where the program has had no turn, BusyError while one runs.
    """
    with ws.lock(program):
        spec = program_spec(ws, program)
        drawing, items = open_samples(ws.engine, spec, _answers(ws, program), count=count)
    found = _sampled(program, drawing)
    return found.model_copy(update={"items": tuple(item.seq for item in items)})


def plan_sheet(ws: Workspace, program: str, kind: SheetKind, path: Path) -> LabelSheet:
    """What `export_sheet` would write; nothing is written."""
    _outputs(ws, program)
    return LabelSheet(program=program, path=path, rows=len(_to_label(ws, program, kind)))


def export_sheet(
    ws: Workspace, program: str, kind: SheetKind, path: Path, *, answers: bool = False
) -> LabelSheet:
    """Write the open items that take labels to a CSV file; `answers` shows what was answered.

    Raises InputError where the file cannot be written.
    """
    planned = plan_sheet(ws, program, kind, path)
    items = _to_label(ws, program, kind)
    traces = [item.content["trace_id"] for item in items if item.content.get("trace_id")]
    known = ws.journal.find_predictions(traces) if answers else {}
    answered = {trace: entry.payload.get("outputs") or {} for trace, entry in known.items()}
    lines = sheet_lines(items, _outputs(ws, program), answers=answered if answers else None)
    try:
        write_pieces(lines, path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", hint="name another file"
        ) from error
    return planned


def plan_import(ws: Workspace, program: str, path: Path) -> ImportedLabels:
    """What `import_sheet` would record. Raises what it raises; nothing is written."""
    return _Sheet(ws, program, path).imported()


def import_sheet(
    ws: Workspace, program: str, path: Path, *, actor: str | None = None
) -> ImportedLabels:
    """Accept every item that a sheet has labels for; doing it again changes nothing.

    Raises DatasetError where the file cannot be read, FeedbackError with every problem of every
    row: then nothing is recorded.
    """
    sheet, who = _Sheet(ws, program, path), actor or ws.settings.user
    words = [
        reviewer_word(item, labels, sheet.comments[item.seq], who)
        for item, labels in sheet.fresh
        if item.kind == "row"
    ]
    ws.journal.append(words)
    answers = {item.seq: labels for item, labels in sheet.fresh}
    Inbox(ws.engine).decide_all(answers, "accepted", actor=who, comments=sheet.comments)
    return sheet.imported()


class _Sheet:
    """A filled sheet against the inbox: what is new in it. Raises FeedbackError."""

    def __init__(self, ws: Workspace, program: str, path: Path) -> None:
        self._program, self._path = program, path
        self._inbox = Inbox(ws.engine)
        self._fields = program_spec(ws, program).signature.outputs
        self._rows = read_sheet(path, [field.name for field in self._fields])
        self.comments = {row.seq: row.comment for row in self._rows}
        self.fresh: list[tuple[ReviewItem, dict[str, Any]]] = []
        self._problems: list[Problem] = []
        for row in self._rows:
            self._take(row)
        if self._problems:
            raise refused(path, self._problems)

    def imported(self) -> ImportedLabels:
        blank = sum(not row.labels for row in self._rows)
        return ImportedLabels(
            program=self._program,
            path=self._path,
            rows=len(self._rows),
            accepted=len(self.fresh),
            repeated=len(self._rows) - blank - len(self.fresh),
            blank=blank,
        )

    def _take(self, row: Filled) -> None:
        item = self._item(row)
        if item is None:
            return
        self._problems += row.misplaced(item)
        if not row.labels:
            return
        labels, problems = checked_labels(self._fields, row.labels)
        self._problems += [_in_row(problem, row.number) for problem in problems]
        if item.state == "open":
            self.fresh.append((item, labels))
        elif item.state != "accepted" or item.answer != labels:
            reason = f"was {item.state} already by {item.actor}, with other labels or none"
            self._refuse(row, reason, "leave its labels blank")

    def _item(self, row: Filled) -> ReviewItem | None:
        """The item of a row that may be labelled; a problem is noted where there is none."""
        try:
            item = self._inbox.get(row.seq)
        except NotFoundError:
            remedy = "leave numbers as they were exported; delete the row if it was forgotten since"
            self._refuse(row, "is no item of the inbox", remedy)
            return None
        if item.program != self._program:
            self._refuse(row, f"is an item of {item.program!r}", f"import it for {item.program}")
        elif not _takes_labels(item):
            self._refuse(row, "takes no labels", f"look at it: dspyui review show {row.seq}")
        else:
            return item
        return None

    def _refuse(self, row: Filled, reason: str, remedy: str) -> None:
        self._problems.append(Problem(SEQ, reason, row.seq, remedy, row.number))


def _in_row(problem: Problem, number: int) -> Problem:
    column = f"label.{problem.column}"
    return Problem(column, problem.reason, problem.value, problem.remedy, number)


def _sampled(program: str, drawing: Drawing) -> Sampled:
    return Sampled(
        program=program,
        served=drawing.served,
        known=drawing.known,
        near=drawing.near,
        drawn=len(drawing.drawn),
    )


def _answers(ws: Workspace, program: str) -> Any:
    return ws.journal.since(0, program=program, kind="prediction")


def _outputs(ws: Workspace, program: str) -> list[str]:
    return [field.name for field in program_spec(ws, program).signature.outputs]


def _to_label(ws: Workspace, program: str, kind: SheetKind) -> Sequence[ReviewItem]:
    found = Inbox(ws.engine).items(program=program, kind=kind, state="open")
    return [item for item in found if _takes_labels(item)]


def _takes_labels(item: ReviewItem) -> bool:
    """Whether labels settle it: not a row of the user's own file, nor one between two splits."""
    content: Mapping[str, Any] = item.content
    if item.kind not in ("row", "sample") or content.get("inputs") is None:
        return False
    return all(problem["check"] != "leakage" for problem in content.get("problems", ()))
