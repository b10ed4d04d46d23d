"""Words: what one user's entries about one answer come to, under the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspyui_core.datasets.contract.row_contract import RowContract
from dspyui_core.datasets.findings import FEEDBACK, Finding
from dspyui_core.datasets.rows import Row
from dspyui_core.errors import Problem
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry

THUMBS_UP, THUMBS_DOWN = "thumbs_up", "thumbs_down"
_RATINGS = (THUMBS_UP, THUMBS_DOWN)
_NOTHING: tuple[Any, ...] = (None, "", {})


@dataclass(frozen=True, slots=True)
class _Said:
    """One feedback entry understood: valid where it has no problems, a vote where it has a row."""

    row: Row | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """What a voter said last about one answer, and the first entry of those that said it."""

    row: Row
    last: Entry
    first: Entry

    @property
    def corrects(self) -> bool:
        """Whether it says something else than the answer."""
        return self.last.payload.get("corrected_output") not in _NOTHING


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest valid word about one answer, the findings after it, and how many it replaced."""

    word: Word | None
    findings: tuple[Finding, ...]
    replaced: int


class WordReader:
    """Understands feedback entries under one spec and the predictions they are about."""

    def __init__(self, spec: ProgramSpec, predictions: Mapping[str, Entry]) -> None:
        self._inputs = spec.signature.inputs
        self._outputs = spec.signature.outputs
        self._contract = RowContract(spec)
        self._predictions = predictions

    def latest(self, said: Sequence[Entry]) -> Latest:
        """What one voter's entries about one answer come to."""
        findings: list[Finding] = []
        for index in range(len(said) - 1, -1, -1):
            entry = said[index]
            understood = self._read(entry)
            if not understood.problems:
                word = self._word(understood.row, said[: index + 1])
                return Latest(word, tuple(findings), index)
            for problem in understood.problems:
                findings.append(Finding("contract", problem, FEEDBACK, entry.trace_id))
        return Latest(None, tuple(findings), 0)

    def _word(self, row: Row | None, said: Sequence[Entry]) -> Word | None:
        """The last of these entries, whose row is given, and since when it is said."""
        if row is None:
            return None
        first = said[-1]
        for entry in reversed(said[:-1]):
            earlier = self._read(entry).row
            if earlier is None or earlier.row_id != row.row_id:
                break
            first = entry
        return Word(row, said[-1], first)

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
        return self._row(entry, prediction.payload, self._named(correction))

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
        reading = self._contract.read(raw)
        if reading.problems:
            return _Said(problems=reading.problems)
        origin = {"position": entry.position, "trace_id": entry.trace_id, "user_id": entry.user_id}
        row = Row.of(
            {field.name: reading.values[field.name] for field in self._inputs},
            {field.name: reading.values[field.name] for field in self._outputs},
            # A reviewer's word is one of who was asked to decide: it needs nobody who agrees.
            "confirmed" if entry.authenticated and entry.payload.get("review") else "proposed",
            source=FEEDBACK,
            **origin,
        )
        return _Said(row)
