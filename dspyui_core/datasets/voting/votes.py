"""Votes: what each user's latest valid feedback says the answer to an input is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dspyui_core.datasets.contract.parsing import parse_cells
from dspyui_core.datasets.findings import FEEDBACK, Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.errors import Problem
from dspyui_core.fields import row_model
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry

THUMBS_UP, THUMBS_DOWN = "thumbs_up", "thumbs_down"
_RATINGS = (THUMBS_UP, THUMBS_DOWN)
_NOTHING: tuple[Any, ...] = (None, "", {})


@dataclass(frozen=True, slots=True)
class Voter:
    """Who speaks: a name that was only claimed is another voter than the same one authenticated."""

    name: str
    authenticated: bool


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's row for one input."""

    row: Row
    voter: Voter

    @property
    def position(self) -> int:
        """The journal position of the feedback."""
        return self.row.position or 0


@dataclass(frozen=True, slots=True)
class Heard:
    """The votes in the order of their positions, and what could not be taken as one.

    `superseded` counts feedback that its own user replaced or withdrew later.
    """

    votes: tuple[Vote, ...]
    findings: tuple[Finding, ...]
    superseded: int


@dataclass(frozen=True, slots=True)
class _Said:
    """One feedback entry understood: valid where it has no problems, a vote where it has a row."""

    row: Row | None = None
    problems: tuple[Problem, ...] = ()


def hear(spec: ProgramSpec, entries: Iterable[Entry], *, upto: int) -> Heard:
    """The latest valid feedback per (trace, user) up to a position, one vote per input and user.

    A correction says its output over the predicted one, thumbs_up confirms the prediction;
    thumbs_down alone and a retraction are valid and say no row. Feedback that is not valid is a
    finding, unless the same user replaced it.
    """
    predictions, spoken = _collected(spec, entries, upto)
    reader = _Reader(spec, predictions)
    votes: dict[tuple[str, Voter], Vote] = {}
    findings: list[Finding] = []
    superseded = 0
    for (_, voter), said in spoken.items():
        row, invalid, replaced = reader.latest(said)
        findings += invalid
        superseded += replaced
        if row is None:
            continue
        vote, earlier = Vote(row, voter), votes.get((row.key, voter))
        superseded += earlier is not None
        if earlier is None or earlier.position < vote.position:
            votes[row.key, voter] = vote
    ordered = sorted(votes.values(), key=lambda vote: vote.position)
    return Heard(tuple(ordered), tuple(findings), superseded)


_Spoken = dict[tuple[str, Voter], list[Entry]]


def _collected(
    spec: ProgramSpec, entries: Iterable[Entry], upto: int
) -> tuple[dict[str, Mapping[str, Any]], _Spoken]:
    """The predictions by trace, and what each voter said about each trace, in order."""
    predictions: dict[str, Mapping[str, Any]] = {}
    spoken: _Spoken = defaultdict(list)
    counted = (e for e in entries if e.position <= upto and e.program == spec.name)
    for entry in sorted(counted, key=lambda entry: entry.position):
        if entry.kind == "prediction":
            predictions[entry.trace_id] = entry.payload
        else:
            spoken[entry.trace_id, _voter(entry)].append(entry)
    return predictions, spoken


def _voter(entry: Entry) -> Voter:
    # Nobody knows whether two nameless people are one, so each trace has its own.
    name = f"trace {entry.trace_id}" if entry.user_id is None else f"user {entry.user_id}"
    return Voter(name, entry.authenticated and entry.user_id is not None)


class _Reader:
    """Understands feedback entries under one spec and the predictions they are about."""

    def __init__(self, spec: ProgramSpec, predictions: Mapping[str, Mapping[str, Any]]) -> None:
        self._inputs = spec.signature.inputs
        self._outputs = spec.signature.outputs
        self._fields = spec.fields
        self._model = row_model(spec.fields)
        self._predictions = predictions

    def latest(self, said: Sequence[Entry]) -> tuple[Row | None, list[Finding], int]:
        """The row of the latest valid entry, the findings after it, and how many it replaced."""
        findings: list[Finding] = []
        for index in range(len(said) - 1, -1, -1):
            entry = said[index]
            understood = self._read(entry)
            if not understood.problems:
                return understood.row, findings, index
            for problem in understood.problems:
                findings.append(Finding("contract", problem, FEEDBACK, entry.trace_id))
        return None, findings, 0

    def _read(self, entry: Entry) -> _Said:
        if entry.payload.get("retracted") is True:
            return _Said()
        rating, correction = entry.payload.get("rating"), entry.payload.get("corrected_output")
        corrects = correction not in _NOTHING
        if rating not in _RATINGS and not (rating is None and corrects):
            remedy = f"use {' or '.join(_RATINGS)}"
            return _Said(problems=(Problem("rating", "is no rating", rating, remedy),))
        if rating == THUMBS_DOWN and not corrects:
            return _Said()
        prediction = self._predictions.get(entry.trace_id)
        if prediction is None:
            remedy = "send feedback with the trace id that came with the prediction"
            problem = Problem("trace_id", "is no recorded prediction", entry.trace_id, remedy)
            return _Said(problems=(problem,))
        return self._row(entry, prediction, self._named(correction))

    def _named(self, correction: Any) -> Mapping[str, Any] | Problem:
        """A correction by field name; a bare value is that of the only output."""
        if correction in _NOTHING:
            return {}
        if not isinstance(correction, Mapping) and len(self._outputs) == 1:
            return {self._outputs[0].name: correction}
        names = [field.name for field in self._outputs]
        remedy = f"give values for {', '.join(names)}"
        if not isinstance(correction, Mapping):
            return Problem("corrected_output", "names no output field", correction, remedy)
        unknown = [name for name in correction if name not in names]
        if unknown:
            return Problem(unknown[0], "is no output field", correction[unknown[0]], remedy)
        return correction

    def _row(
        self, entry: Entry, prediction: Mapping[str, Any], correction: Mapping[str, Any] | Problem
    ) -> _Said:
        if isinstance(correction, Problem):
            return _Said(problems=(correction,))
        inputs, outputs = prediction.get("inputs") or {}, prediction.get("outputs") or {}
        raw = {field.name: inputs.get(field.name) for field in self._inputs}
        raw |= {f.name: correction.get(f.name, outputs.get(f.name)) for f in self._outputs}
        values, problems = parse_cells(self._fields, raw, self._model)
        if problems:
            return _Said(problems=tuple(problems))
        origin = {"position": entry.position, "trace_id": entry.trace_id, "user_id": entry.user_id}
        row = Row.of(
            {field.name: values[field.name] for field in self._inputs},
            {field.name: values[field.name] for field in self._outputs},
            # A reviewer's word is one of who was asked to decide: it needs nobody who agrees.
            "confirmed" if entry.authenticated and entry.payload.get("review") else "proposed",
            source=FEEDBACK,
            **origin,
        )
        return _Said(row)


def with_origin(first: Row, last: Row) -> Row:
    """The row as first said, dated and signed by who said it last."""
    return replace(first, position=last.position, trace_id=last.trace_id, user_id=last.user_id)
