"""Known: what the journal has about rows of a file, looked up for many of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from dspyui_core.feedback.checking import Outputs
from dspyui_core.feedback.reading import Line
from dspyui_core.fields import Field
from dspyui_core.store.journal import Entry, Journal, NewFeedback

OutputFields = Callable[[Entry], Sequence[Field]]


class OutputsOf:
    """The typed outputs of answers; each version is asked for them once."""

    def __init__(self, output_fields: OutputFields) -> None:
        self._output_fields = output_fields
        self._known: dict[Any, Outputs] = {}

    def __call__(self, answer: Entry) -> Outputs:
        # An answer of no version is known by what its outputs look like.
        given = answer.payload.get("outputs") or {}
        look = None if answer.version else tuple((name, type(given[name])) for name in given)
        who = answer.program, answer.version, look
        if who not in self._known:
            self._known[who] = Outputs(self._output_fields(answer))
        return self._known[who]


@dataclass(frozen=True, slots=True)
class Known:
    """The answers that rows are about, all that was said of them, and positions that are gone."""

    answers: Mapping[str, Entry]
    spoken: Mapping[str, Sequence[Entry]]
    gone: set[int]

    @classmethod
    def about(cls, journal: Journal, lines: Sequence[Line]) -> Self:
        """Look up what rows are about."""
        traces = list({line.trace_id for line in lines})
        positions = [line.position for line in lines if line.position is not None]
        answers = journal.find_predictions(traces)
        return cls(answers, journal.feedback_on(traces), journal.forgotten(positions))

    def latest(self, new: NewFeedback) -> Entry | None:
        """The latest word of the same user on the same answer, or None where there is none."""
        voter = (new.user_id, new.authenticated)
        words = reversed(self.spoken.get(new.trace_id, ()))
        return next((entry for entry in words if entry.voter == voter), None)

    def overtook(self, new: NewFeedback, first: Entry) -> bool:
        """Whether the user said something else since that first entry."""
        latest = self.latest(new)
        if latest is None or latest.position <= first.position:
            return False
        return latest.payload != first.payload

    def holds(self, line: Line) -> bool:
        """Whether a row was exported, and nobody filled in or changed anything since."""
        if line.position is None or line.corrected is not None or line.retracted:
            return False
        words = self.spoken.get(line.trace_id, ())
        found = next((entry for entry in words if entry.position == line.position), None)
        if found is None:
            return line.position in self.gone
        told = (found.payload.get("rating"), found.payload.get("comment"), found.user_id)
        return [_said(value) for value in told] == [line.rating, line.comment, line.user_id]


def _said(value: str | None) -> str | None:
    return value if value and value.strip() else None
