"""Asking for a chunk of rows: what the journal has is taken from there, the rest is asked once."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import dspy

from dspyui_core.datasets import RawRow
from dspyui_core.errors import LMError, Problem
from dspyui_core.evaluation import is_of_dspy
from dspyui_core.fields import parse_row, row_model
from dspyui_core.lms import as_lm_error, refuses_everything
from dspyui_core.runner.answering import Served, ask
from dspyui_core.runner.batch.jobs import Job, RowResult
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry, Journal, NewPrediction

# So many first rows that all fail alike are no coincidence.
ENOUGH = 10
FORGOTTEN = "its answer was forgotten"


@dataclass(frozen=True, slots=True)
class _Question:
    row: int
    trace_id: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Asked:
    new: NewPrediction
    error: Exception | None


class Fitting:
    """Which rows fit a program's inputs, as typed values or as what is wrong with them."""

    def __init__(self, spec: ProgramSpec) -> None:
        self._fields = spec.signature.inputs
        self._model = row_model(self._fields)

    def parse(self, row: RawRow) -> tuple[dict[str, Any], list[Problem]]:
        """The row's typed inputs and its problems; other columns are nobody's business here."""
        if row.problem is not None:
            return {}, [row.problem]
        return parse_row(self._fields, row.cells, model=self._model)


class Asker:
    """Asks one version of a program for a job; `asked` counts the rows that it was asked."""

    def __init__(
        self,
        served: Served,
        job: Job,
        *,
        lm: dspy.LM,
        journal: Journal,
        threads: int,
        span_bytes: int,
        on_row: Callable[[int], None],
    ) -> None:
        self._served = served
        self._job = job
        self._lm = lm
        self._journal = journal
        self._threads = threads
        self._span_bytes = span_bytes
        self._on_row = on_row
        self._fitting = Fitting(served.spec)
        self.asked = 0

    def results(
        self, rows: Sequence[RawRow], before: Sequence[RowResult] | None
    ) -> tuple[RowResult, ...]:
        """The results of a chunk; the answers are in the journal, on disk, when this returns.

        `before` are its results so far: only rows that failed in an earlier attempt are asked
        again. Raises LMError, and records nothing, where the LM answers nobody.
        """
        found = {result.row: result for result in before or ()}
        again = {row for row, result in found.items() if self.redoes(result)}
        questions: list[_Question] = []
        for row in rows:
            if before is None or row.number in again:
                values, problems = self._fitting.parse(row)
                if problems:
                    found[row.number] = _unfit(row, problems)
                else:
                    questions.append(self._question(row, values))
        found |= self._answered(questions, first=before is None and rows[0].number == 1)
        return tuple(found[number] for number in sorted(found))

    def redoes(self, result: RowResult) -> bool:
        """Whether a row failed in an earlier attempt than the one that is running."""
        return result.status == "error" and result.attempt < self._job.attempt

    def _question(self, row: RawRow, values: Mapping[str, Any]) -> _Question:
        trace_id = self._job.trace_id(row.number, self._job.attempt)
        return _Question(row.number, trace_id, values)

    def _answered(self, questions: Sequence[_Question], *, first: bool) -> dict[int, RowResult]:
        known = self._journal.find_predictions([question.trace_id for question in questions])
        asked = self._ask([q for q in questions if q.trace_id not in known])
        if first:
            _demand_sense(asked, rows=self._job.rows)
        written = self._journal.append([one.new for one in asked])
        entries = known | {entry.trace_id: entry for entry in written}
        return {q.row: self._result(q, entries[q.trace_id]) for q in questions}

    def _ask(self, questions: Sequence[_Question]) -> list[_Asked]:
        # The first goes alone: where there is no LM, hundreds of retries would only say it later.
        alone = 0 if self.asked else 1
        asked = [self._ask_one(question) for question in questions[:alone]]
        _demand_lm(asked)
        asked += self._ask_all(questions[alone:])
        _demand_lm(asked)
        self.asked += len(asked)
        return asked

    def _ask_all(self, questions: Sequence[_Question]) -> Iterator[_Asked]:
        pool = ThreadPoolExecutor(max_workers=self._threads)
        try:
            # DSPy's settings live in a context variable, which a pool's threads do not inherit.
            futures = [
                pool.submit(contextvars.copy_context().run, self._ask_one, question)
                for question in questions
            ]
            for question, future in zip(questions, futures, strict=True):
                yield future.result()
                self._on_row(question.row)
        finally:
            # Who is interrupted does not wait for the rows that have not begun.
            pool.shutdown(cancel_futures=True)

    def _ask_one(self, question: _Question) -> _Asked:
        new, error = ask(
            self._served,
            question.inputs,
            lm=self._lm,
            trace_id=question.trace_id,
            span_bytes=self._span_bytes,
        )
        return _Asked(new, error)

    def _result(self, question: _Question, entry: Entry) -> RowResult:
        said = entry.payload
        lm = said.get("lm", {})
        # What a user had forgotten leaves its key, and an entry that says nothing.
        error = said.get("error", "") if said else FORGOTTEN
        return RowResult(
            row=question.row,
            status="error" if error else "ok",
            trace_id=question.trace_id,
            attempt=self._job.attempt,
            outputs=said.get("outputs", {}),
            error=error,
            latency_ms=said.get("latency_ms", 0.0),
            calls=lm.get("calls", 0),
            usd=lm.get("usd", 0.0),
        )


def _unfit(row: RawRow, problems: Sequence[Problem]) -> RowResult:
    # Without the values: the row itself is written beside this, and may be forgotten one day.
    told = (f"{p.column} {p.reason}" + (f" ({p.remedy})" if p.remedy else "") for p in problems)
    return RowResult(row=row.number, status="invalid", error="; ".join(told))


def _demand_lm(asked: Sequence[_Asked]) -> None:
    """Raise LMError where there were questions and the LM answers nobody."""
    errors = [one.error for one in asked if one.error is not None and refuses_everything(one.error)]
    if asked and len(errors) == len(asked):
        told = as_lm_error(errors[0])
        raise LMError(told.message, hint=f"{told.hint}; then run the same command again") from None


def _demand_sense(asked: Sequence[_Asked], *, rows: int) -> None:
    """Raise LMError where the LM failed all of the first rows in one way, and there are more."""
    errors = [one.error for one in asked if one.error is not None and is_of_dspy(one.error)]
    alike = len(errors) == len(asked) and len({type(error) for error in errors}) == 1
    if alike and ENOUGH <= len(asked) < rows:
        told = as_lm_error(errors[0])
        message = f"the first {len(asked)} of {rows} rows all failed: {told.message}"
        raise LMError(message, hint=f"{told.hint}; then run the same command again")
