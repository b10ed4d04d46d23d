"""Feedback: a user's rating, correction or comment on one recorded answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from dspyui_core.errors import FeedbackError, Problem
from dspyui_core.fields import Field, parse_row
from dspyui_core.store.journal import Entry, Journal

__all__ = ["RATINGS", "FeedbackService", "Rating"]

Rating = Literal["thumbs_up", "thumbs_down"]
RATINGS: tuple[str, ...] = get_args(Rating)
LONGEST_COMMENT = 10_000


@dataclass(frozen=True, slots=True)
class Checked:
    """Feedback that may be recorded: the program it is about, and what the journal will hold."""

    program: str
    payload: Mapping[str, Any]


class FeedbackService:
    """Takes feedback into the journal; what it has acknowledged is durable.

    `output_fields` tells the typed outputs of the version that gave an answer, so that a
    correction is checked when it is sent.
    """

    def __init__(
        self, journal: Journal, *, output_fields: Callable[[Entry], Sequence[Field]]
    ) -> None:
        self._journal = journal
        self._output_fields = output_fields

    def record_feedback(
        self,
        trace_id: str,
        rating: str,
        corrected_output: Mapping[str, Any] | None = None,
        comment: str | None = None,
        user_id: str | None = None,
        *,
        idempotency_key: str | None = None,
        authenticated: bool = False,
    ) -> Entry:
        """Record one user's feedback on a trace; the latest per trace and user counts.

        `corrected_output` maps output names to what they should have been; outputs that it does
        not name stay as predicted. A repeated `idempotency_key` returns the first entry.
        Raises TraceNotFoundError for an unknown trace, FeedbackError with every problem, and
        ConflictError where the key was used for something else. Nothing is recorded then.
        """
        checked = self.check_feedback(trace_id, rating, corrected_output, comment)
        return self._journal.append_feedback(
            trace_id,
            checked.payload,
            user_id=user_id,
            authenticated=authenticated,
            idem_key=idempotency_key or uuid.uuid4().hex,
        )

    def check_feedback(
        self,
        trace_id: str,
        rating: str,
        corrected_output: Mapping[str, Any] | None = None,
        comment: str | None = None,
    ) -> Checked:
        """What `record_feedback` would record; nothing is written.

        Raises what it raises but ConflictError: an idempotency key is looked at when it is used.
        """
        prediction = self._journal.prediction(trace_id)
        problems = [*_rating_problems(rating), *_comment_problems(comment)]
        corrected, wrong = self._checked(prediction, corrected_output)
        if problems or wrong:
            raise FeedbackError(f"feedback on {trace_id} is not acceptable", problems + wrong)
        payload = {"rating": rating, "corrected_output": corrected, "comment": comment}
        return Checked(prediction.program, payload)

    def validate_trace_exists(self, trace_id: str) -> bool:
        """Whether a prediction was recorded under this trace id."""
        return self._journal.find_prediction(trace_id) is not None

    def _checked(
        self, prediction: Entry, corrected: Mapping[str, Any] | None
    ) -> tuple[dict[str, Any] | None, list[Problem]]:
        if corrected is None:
            return None, []
        fields = {field.name: field for field in self._output_fields(prediction)}
        unknown = [
            Problem(name, "is no output", None, f"outputs: {', '.join(fields)}")
            for name in corrected
            if name not in fields
        ]
        named = [field for name, field in fields.items() if name in corrected]
        values, problems = parse_row(named, corrected)
        return values, unknown + [_with_values(problem, fields) for problem in problems]


def _rating_problems(rating: str) -> list[Problem]:
    if rating in RATINGS:
        return []
    return [Problem("rating", "is not a rating", rating, f"use {' or '.join(RATINGS)}")]


def _comment_problems(comment: str | None) -> list[Problem]:
    if comment is None or len(comment) <= LONGEST_COMMENT:
        return []
    long = f"is longer than {LONGEST_COMMENT} characters"
    return [Problem("comment", long, f"{len(comment)} characters", "shorten it")]


def _with_values(problem: Problem, fields: Mapping[str, Field]) -> Problem:
    values = fields[problem.column.split(".")[0]].values
    if not isinstance(values, tuple):
        return problem
    return Problem(
        problem.column, problem.reason, problem.value, f"use one of: {', '.join(values)}"
    )
