"""What belongs to a user, a trace or a row: the entries, inputs and texts that have to go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from dspyui_core.datasets import AUDIT, Row, Unwanted, find_row, nfc, row_key, rows_from
from dspyui_core.errors import InputError, NotFoundError, TraceNotFoundError
from dspyui_core.review import Inbox, ReviewItem
from dspyui_core.storage import folder_at
from dspyui_core.store.entries import UNKNOWN_TRACE
from dspyui_core.store.erasing import entries_by_user, entries_on_traces
from dspyui_core.store.journal import Entry
from dspyui_core.text import texts_in
from dspyui_core.workspace import Workspace

__all__ = ["Belongings", "Subject", "belongings"]

Kind = Literal["user", "trace", "row"]
# Shorter texts are names of classes and words of the reports themselves.
_TELLING = 8
_SAID = ("outputs", "corrected_output", "comment")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be forgotten: everything of a user, a trace, or a row of a dataset."""

    kind: Kind
    id: str
    program: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.id!r}"


@dataclass(frozen=True, slots=True)
class Belongings:
    """What one program has of a subject.

    `predictions` go with all that anybody said about them, `feedback` was said about answers that
    stay; `samples` of the inbox were drawn from what goes. `keys` are the inputs that go, `inputs`
    the same as they were written.
    """

    program: str
    predictions: tuple[Entry, ...] = ()
    about_them: tuple[Entry, ...] = ()
    feedback: tuple[Entry, ...] = ()
    rows: tuple[Row, ...] = ()
    samples: tuple[ReviewItem, ...] = ()
    user_id: str | None = None
    gold_too: bool = False
    keys: frozenset[str] = frozenset()

    @property
    def traces(self) -> frozenset[str]:
        """The traces that go as a whole."""
        return frozenset(entry.trace_id for entry in self.predictions)

    @property
    def all_traces(self) -> frozenset[str]:
        """These, and the traces that stay but lose feedback."""
        return self.traces | {entry.trace_id for entry in self.feedback}

    @property
    def unwanted(self) -> Unwanted:
        """Which rows of the snapshots go."""
        return Unwanted(self.keys, self.traces, self.user_id, self.gold_too, self._numbers)

    @property
    def inputs(self) -> Iterator[Mapping[str, Any]]:
        """Every input that goes, as somebody wrote it."""
        yield from (entry.payload.get("inputs") or {} for entry in self.predictions)
        yield from (row.inputs for row in self.rows)
        yield from (item.content.get("inputs") or {} for item in self.samples)

    @property
    def texts(self) -> frozenset[str]:
        """The texts of all that goes, but for those too short to tell anything.

        Of what was answered and said only whole phrases: a single word is the name of a class.
        """
        entries = (*self.predictions, *self.about_them, *self.feedback)
        said = [entry.payload.get(part) for entry in entries for part in _SAID]
        said += [word for item in self.samples for word in (item.answer, item.comment)]
        phrases = {text for text in texts_in(said) if " " in text.strip()}
        asked = set(texts_in(list(self.inputs)))
        return frozenset(text for text in asked | phrases if len(text) >= _TELLING)

    def owns(self, item: ReviewItem) -> bool:
        """Whether an item of the inbox is about what goes."""
        content = item.content
        if item.seq in self._numbers or content.get("input_key") in self.keys:
            return True
        # A quarantined row's tells what users said there, or a label of a sample.
        is_sample = content.get("source") == AUDIT and content.get("row") in self._numbers
        return item.kind == "row" and (is_sample or content.get("trace_id") in self.all_traces)

    @property
    def _numbers(self) -> frozenset[int]:
        return frozenset(item.seq for item in self.samples)


def belongings(ws: Workspace, subject: Subject) -> tuple[Belongings, ...]:
    """What each program has of a subject, by name; read only.

    Raises TraceNotFoundError or NotFoundError where there is nothing, InputError where several
    programs have a row of this id.
    """
    if subject.kind == "row":
        return (_of_row(ws, subject),)
    if subject.kind == "trace":
        said = entries_on_traces(ws.engine, [subject.id])
        said = [entry for entry in said if subject.program in (None, entry.program)]
        if not said:
            raise TraceNotFoundError(subject.id, hint=UNKNOWN_TRACE)
    else:
        said = entries_by_user(ws.engine, subject.id, program=subject.program)
        if not said:
            raise NotFoundError(
                subject.id,
                message=f"no user {subject.id!r} asked or said anything",
                hint="name users as `dspyui predict --user` and your own server do",
            )
    names = sorted({entry.program for entry in said})
    return tuple(_of_program(ws, name, subject, said) for name in names)


def _of_program(ws: Workspace, program: str, subject: Subject, said: Iterable[Entry]) -> Belongings:
    own = [entry for entry in said if entry.program == program]
    predictions = [entry for entry in own if entry.kind == "prediction"]
    traces = frozenset(entry.trace_id for entry in predictions)
    return _whole(
        ws,
        Belongings(
            program=program,
            predictions=tuple(predictions),
            about_them=_about(ws, traces),
            feedback=tuple(e for e in own if e.kind == "feedback" and e.trace_id not in traces),
            user_id=subject.id if subject.kind == "user" else None,
        ),
        frozenset(),
    )


def _of_row(ws: Workspace, subject: Subject) -> Belongings:
    """A row, and every answer to the same input, whoever asked."""
    names = [subject.program] if subject.program else _programs(ws)
    found = {name: row for name in names if (row := find_row(ws.snapshots, name, subject.id))}
    if not found:
        raise NotFoundError(
            subject.id,
            message=f"no dataset has a row {subject.id!r}",
            hint="dspyui lineage TRACE --json names the rows in an answer's prompt",
        )
    if len(found) > 1:
        raise InputError(
            f"{' and '.join(found)} have a row {subject.id!r}",
            hint="name the program: --program NAME",
        )
    ((program, row),) = found.items()
    drawn = [item for item in _samples(ws, program) if item.seq == row.sample]
    origins = {row.trace_id, *(item.content.get("trace_id") for item in drawn)}
    answers = ws.journal.since(0, program=program, kind="prediction")
    asked = tuple(e for e in answers if e.trace_id in origins or _key(e) == row.key)
    return _whole(
        ws,
        Belongings(
            program=program,
            predictions=asked,
            about_them=_about(ws, frozenset(entry.trace_id for entry in asked)),
            rows=(row,),
            samples=tuple(drawn),
            gold_too=row.from_file,
        ),
        frozenset({row.key}),
    )


def _whole(ws: Workspace, found: Belongings, keys: frozenset[str]) -> Belongings:
    """The belongings with the samples drawn from them, and the keys of all inputs.

    The journal has inputs as they came, the inbox and the snapshots as a signature reads them.
    """
    keys |= {_key(entry) for entry in found.predictions}
    drawn = tuple(
        item
        for item in _samples(ws, found.program)
        if item in found.samples or item.content.get("trace_id") in found.traces or item.key in keys
    )
    numbers = frozenset(item.seq for item in drawn)
    stored = rows_from(ws.snapshots, found.program, found.traces, samples=numbers)
    keys |= {row.key for row in stored} | {item.key for item in drawn}
    return replace(found, rows=(*found.rows, *stored), samples=drawn, keys=keys)


def _samples(ws: Workspace, program: str) -> tuple[ReviewItem, ...]:
    return Inbox(ws.engine).items(program=program, kind="sample")


def _about(ws: Workspace, traces: frozenset[str]) -> tuple[Entry, ...]:
    entries = entries_on_traces(ws.engine, traces)
    return tuple(entry for entry in entries if entry.kind == "feedback")


def _key(prediction: Entry) -> str:
    return row_key(nfc(prediction.payload.get("inputs") or {}))


def _programs(ws: Workspace) -> list[str]:
    return folder_at(ws.snapshots).folders()
