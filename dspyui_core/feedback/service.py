"""The service that takes feedback: a rating, a correction or a comment, and taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dspyui_core.errors import FeedbackError
from dspyui_core.feedback.checking import RETRACTION, Outputs, said, said_problems
from dspyui_core.feedback.imported import Imported
from dspyui_core.fields import Field
from dspyui_core.store.journal import Entry, Journal


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
        rating: str | None,
        corrected_output: Mapping[str, Any] | None = None,
        comment: str | None = None,
        user_id: str | None = None,
        *,
        idempotency_key: str | None = None,
        authenticated: bool = False,
    ) -> Entry:
        """Record one user's feedback on a trace; the latest per trace and user counts.

        `corrected_output` maps output names to what they should have been; outputs that it does
        not name stay as predicted. With one, `rating` may be None. A repeated `idempotency_key`
        returns the first entry. Nobody without a `user_id` is `authenticated`. Raises
        TraceNotFoundError for an unknown trace, FeedbackError with every problem, and
        ConflictError where the key was used for something else. Nothing is recorded then.
        """
        # Only a correction has to know the answer; that there is one, the journal checks itself.
        answer = self._journal.prediction(trace_id) if corrected_output else None
        payload = self._payload(trace_id, answer, rating, corrected_output, comment)
        return self._append(trace_id, payload, user_id, authenticated, idempotency_key)

    def check_feedback(
        self,
        trace_id: str,
        rating: str | None,
        corrected_output: Mapping[str, Any] | None = None,
        comment: str | None = None,
    ) -> Checked:
        """What `record_feedback` would record; nothing is written.

        Raises what it raises but ConflictError: an idempotency key is looked at when it is used.
        """
        answer = self._journal.prediction(trace_id)
        payload = self._payload(trace_id, answer, rating, corrected_output, comment)
        return Checked(answer.program, payload)

    def retract_feedback(
        self,
        trace_id: str,
        user_id: str | None = None,
        *,
        idempotency_key: str | None = None,
        authenticated: bool = False,
    ) -> Entry:
        """Take back all that one user said of a trace; it counts no more, and stays recorded.

        A repeated `idempotency_key` returns the first entry; without one, what is taken back
        already returns the entry that did it. Raises TraceNotFoundError for an unknown trace,
        FeedbackError where this user said nothing of it, ConflictError where the key was used for
        something else.
        """
        known = [idempotency_key] if idempotency_key else []
        if not self._journal.find_feedback(known):
            latest = self._latest(trace_id, user_id, authenticated)
            if not known and latest.payload.get("retracted"):
                return latest
        return self._append(trace_id, RETRACTION, user_id, authenticated, idempotency_key)

    def check_retraction(
        self, trace_id: str, user_id: str | None = None, *, authenticated: bool = False
    ) -> Checked:
        """What `retract_feedback` would record; nothing is written. Raises what it raises."""
        return Checked(self._latest(trace_id, user_id, authenticated).program, RETRACTION)

    def import_feedback(self, path: Path, *, authenticated: bool = False) -> Imported:
        """Record what a file says, row by row, all of it or nothing; see `importing`.

        Raises DatasetError where the file cannot be read, FeedbackError with every problem of
        every row. Interrupted, the same call goes on and records nothing twice.
        """
        from dspyui_core.feedback.importing import append_plan, plan_import

        plan = plan_import(self._journal, self._output_fields, path, authenticated)
        append_plan(self._journal, plan)
        return plan.imported()

    def check_import(self, path: Path, *, authenticated: bool = False) -> Imported:
        """What `import_feedback` would record; nothing is written. Raises what it raises."""
        from dspyui_core.feedback.importing import plan_import

        return plan_import(self._journal, self._output_fields, path, authenticated).imported()

    def validate_trace_exists(self, trace_id: str) -> bool:
        """Whether a prediction was recorded under this trace id."""
        return self._journal.find_prediction(trace_id) is not None

    def _payload(
        self,
        trace_id: str,
        answer: Entry | None,
        rating: str | None,
        corrected: Mapping[str, Any] | None,
        comment: str | None,
    ) -> dict[str, Any]:
        problems = said_problems(rating, bool(corrected), comment)
        values: dict[str, Any] = {}
        if corrected and answer is not None:
            values, wrong = Outputs(self._output_fields(answer)).check(corrected)
            problems += wrong
        if problems:
            raise FeedbackError(f"feedback on {trace_id} is not acceptable", problems)
        return said(rating, values, comment)

    def _append(
        self,
        trace_id: str,
        payload: Mapping[str, Any],
        user_id: str | None,
        authenticated: bool,
        key: str | None,
    ) -> Entry:
        return self._journal.append_feedback(
            trace_id,
            payload,
            user_id=user_id,
            authenticated=authenticated and user_id is not None,
            idem_key=key or uuid.uuid4().hex,
        )

    def _latest(self, trace_id: str, user_id: str | None, authenticated: bool) -> Entry:
        """The latest word of a user on a trace."""
        self._journal.prediction(trace_id)
        voter = (user_id, authenticated and user_id is not None)
        said_by_them = [
            entry
            for entry in self._journal.feedback_on([trace_id]).get(trace_id, ())
            if entry.voter == voter
        ]
        if not said_by_them:
            who = "somebody without a name" if user_id is None else repr(user_id)
            raise FeedbackError(
                f"{trace_id} has no feedback of {who}", hint="name the user who gave some"
            )
        return said_by_them[-1]
