"""promote-model: make a version the champion on a person's word, through the ledger."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from dspyui_core.turn import Promoted, PromoteRequest
from flows._approval import settled, wait_for_answer
from flows._command import run_as_command
from flows._policy import TOLD
from tasks.approving import open_question, settle
from tasks.promoting import promote


@flow(name="promote-model", **TOLD)
def promote_model(request: PromoteRequest) -> Promoted | State[Any]:
    """Promote the waiting challenger, or the version named; with `ask`, when a person says so."""
    if not request.ask:
        return promote(request)
    asked = open_question(request)
    if asked.state != "open":
        return settled(asked)
    answer = wait_for_answer(asked)
    settle(asked.item, answer.decision, reason=answer.comment, actor=answer.reviewer)
    return settled(open_question(request))


if __name__ == "__main__":
    run_as_command("promote-model")
