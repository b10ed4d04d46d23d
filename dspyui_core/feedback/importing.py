"""Importing: a file of feedback becomes entries of the journal, all of it or none, once.

A row with an idempotency key is recorded once under it. The key of a row without one is made of
what the row says, so the same file records nothing twice, in whichever format, whole or after an
interruption. A user who says one thing, another, and the first again in one file says three.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from dspyui_core.datasets import scan_file
from dspyui_core.errors import FeedbackError, Problem
from dspyui_core.feedback.checking import RETRACTION, said, said_problems
from dspyui_core.feedback.imported import SHOWN_ROWS, Imported
from dspyui_core.feedback.known import Known, OutputFields, OutputsOf
from dspyui_core.feedback.reading import CORRECTED, Columns, Line, read_lines
from dspyui_core.store.journal import Entry, Journal, NewFeedback

T = TypeVar("T")
Voice = tuple[str, str | None]
CHUNK = 500
_NO_ANSWER = "use the trace id that came with the answer; one may be retired, or forgotten"


@dataclass(slots=True)
class Plan:
    """What a file comes to: what is to be recorded, what is there, and what is wrong."""

    path: Path
    rows: int = 0
    fresh: list[NewFeedback] = field(default_factory=list)
    repeated: int = 0
    stale: dict[Voice, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def imported(self) -> Imported:
        """The plan, carried out."""
        stale = sorted(self.stale.values())
        return Imported(
            path=self.path,
            rows=self.rows,
            recorded=len(self.fresh),
            repeated=self.repeated - len(stale),
            stale=len(stale),
            retracted=sum(new.payload == RETRACTION for new in self.fresh),
            stale_rows=tuple(stale[:SHOWN_ROWS]),
        )


def plan_import(
    journal: Journal, output_fields: OutputFields, path: Path, authenticated: bool
) -> Plan:
    """Read a whole file against what the journal has; nothing is written.

    Raises DatasetError where it cannot be read, FeedbackError with every problem of it.
    """
    scan = scan_file(path)
    if not (scan.rows or scan.columns):
        # JSON Lines without a line have no columns that could be wrong.
        return Plan(path)
    columns = Columns.of(path, scan.columns)
    planner = _Planner(journal, OutputsOf(output_fields), Plan(path), columns, authenticated)
    for lines in _chunks(read_lines(path, columns)):
        planner.take(lines)
    plan = planner.plan
    fields = [name for one in sorted(planner.programs) for name in journal.field_names(one)]
    problems = columns.unknown(dict.fromkeys(fields))
    problems += sorted(plan.problems, key=lambda problem: problem.row or 0)
    if problems:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise FeedbackError(f"{path} has {count}; nothing was recorded", problems)
    return plan


def append_plan(journal: Journal, plan: Plan) -> None:
    """Record what is fresh, part by part; where it is interrupted, what is recorded stays."""
    for new in _chunks(plan.fresh):
        journal.append(new)


@dataclass(slots=True)
class _Planner:
    """Goes through the rows in order; what earlier ones said counts for later ones."""

    journal: Journal
    outputs_of: OutputsOf
    plan: Plan
    columns: Columns
    authenticated: bool
    programs: set[str] = field(default_factory=set)
    keys: dict[str, tuple[int, NewFeedback]] = field(default_factory=dict)
    sequences: dict[Voice, list[str]] = field(default_factory=dict)
    fresh_words: dict[Voice, Mapping[str, Any]] = field(default_factory=dict)

    def take(self, lines: Sequence[Line]) -> None:
        """Take the next rows."""
        self.plan.rows += len(lines)
        self.plan.problems += [problem for line in lines for problem in line.problems]
        readable = [line for line in lines if not line.problems]
        known = Known.about(self.journal, readable)
        self.programs |= {answer.program for answer in known.answers.values()}
        telling = [line for line in readable if not known.holds(line)]
        self.plan.repeated += len(readable) - len(telling)
        made = [(line, *self._new(line, known)) for line in telling]
        recorded = self.journal.find_feedback([new.idem_key for _, new, _ in made])
        for line, new, problems in made:
            if new.idem_key in recorded:
                self._repeat(line, new, recorded[new.idem_key], known)
            elif problems:
                self.plan.problems += problems
            else:
                self._record(line, new, known)

    def _new(self, line: Line, known: Known) -> tuple[NewFeedback, list[Problem]]:
        """What a row would record, and what is wrong with it."""
        answer = known.answers.get(line.trace_id)
        payload, problems = self._payload(line, answer)
        if answer is None:
            problems.append(self._problem(line, "trace_id", "is no recorded answer", _NO_ANSWER))
        authenticated = self.authenticated and line.user_id is not None
        new = NewFeedback(line.trace_id, payload, "", line.user_id, authenticated)
        return replace(new, idem_key=self._key(line, new)), problems

    def _payload(self, line: Line, answer: Entry | None) -> tuple[dict[str, Any], list[Problem]]:
        if line.retracted:
            return dict(RETRACTION), []
        corrected = line.corrected
        problems = [
            replace(problem, column=self.columns.named[problem.column])
            for problem in said_problems(line.rating, corrected is not None, line.comment)
        ]
        if corrected is not None and answer is not None:
            corrected, wrong = self.outputs_of(answer).check(corrected)
            problems += [replace(one, column=self._corrected(one.column)) for one in wrong]
        located = [replace(problem, row=line.number) for problem in problems]
        return said(line.rating, corrected, line.comment), located

    def _corrected(self, name: str) -> str:
        """The column in which an output, or a part of it, is corrected."""
        inner = f"{CORRECTED}{name}"
        return inner if inner.split(".")[1] in self.columns.corrections.values() else name

    def _key(self, line: Line, new: NewFeedback) -> str:
        """The row's own key, or one made of what its user says for the how manieth time."""
        digest = _digest([new.trace_id, new.user_id, new.authenticated, new.payload])
        sequence = self.sequences.setdefault((new.trace_id, new.user_id), [])
        if sequence[-1:] != [digest]:
            sequence.append(digest)
        return line.key or f"import:{digest}:{sequence.count(digest)}"

    def _repeat(self, line: Line, new: NewFeedback, first: Entry | None, known: Known) -> None:
        """Take a row whose key is used already; `first` is None where that entry is gone."""
        if first is not None and not _same(first, new):
            used = f"was used at position {first.position} for something else"
            self._refuse(line, "idempotency_key", used, "give new feedback a new key")
            return
        self.plan.repeated += 1
        self._hear(new)
        if first is not None and line.key is None and self._overtaken(new, first, known):
            self.plan.stale[new.trace_id, new.user_id] = line.number

    def _record(self, line: Line, new: NewFeedback, known: Known) -> None:
        """Take a row whose key is not used yet, unless an earlier row has it."""
        number, earlier = self.keys.setdefault(new.idem_key, (line.number, new))
        if not _same(earlier, new):
            used = f"is that of row {number}, which says something else"
            self._refuse(line, "idempotency_key", used, "give each row a key of its own")
        elif number != line.number:
            self.plan.repeated += 1
        elif line.retracted and not self._spoke(new, known):
            never = "takes back what this user never said"
            self._refuse(line, "retracted", never, "leave the row out, or name who said it")
        else:
            self.plan.fresh.append(new)
            self.fresh_words[new.trace_id, new.user_id] = new.payload
        self._hear(new)

    def _spoke(self, new: NewFeedback, known: Known) -> bool:
        voice = (new.trace_id, new.user_id)
        return voice in self.fresh_words or known.latest(new) is not None

    def _overtaken(self, new: NewFeedback, first: Entry, known: Known) -> bool:
        """Whether the user's last word is to be another one, of this file or of the journal."""
        fresh = self.fresh_words.get((new.trace_id, new.user_id))
        return known.overtook(new, first) if fresh is None else fresh != new.payload

    def _hear(self, new: NewFeedback) -> None:
        # Only the last word of a user in the file can be one that the journal has overtaken.
        self.plan.stale.pop((new.trace_id, new.user_id), None)

    def _refuse(self, line: Line, word: str, reason: str, remedy: str) -> None:
        self.plan.problems.append(self._problem(line, word, reason, remedy))

    def _problem(self, line: Line, word: str, reason: str, remedy: str) -> Problem:
        value = {"trace_id": line.trace_id, "idempotency_key": line.key}.get(word)
        return Problem(self.columns.named[word], reason, value, remedy, line.number)


def _same(first: Entry | NewFeedback, new: NewFeedback) -> bool:
    """Whether both say the same; by this the journal, too, tells a repeat from a conflict."""
    told: list[tuple[str, str | None, Mapping[str, Any]]] = [
        (one.trace_id, one.user_id, one.payload) for one in (first, new)
    ]
    return told[0] == told[1]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    source = iter(items)
    while some := list(islice(source, CHUNK)):
        yield some
