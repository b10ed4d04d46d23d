"""Asking a person about a version, and doing what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from prefect import task

from dspyui_core import turn
from dspyui_core.review import ReviewItem
from dspyui_core.turn import PromoteRequest, Question
from tasks._policy import ONCE, PATIENT
from tasks._workspace import workspace


@task(name="open-question", **PATIENT)
def open_question(request: PromoteRequest) -> Question:
    """What is asked about the version, and whether it is answered already."""
    return turn.question(workspace(), request)


@task(name="refuse-overdue", **PATIENT)
def refuse_overdue(program: Path) -> tuple[Question, ...]:
    """Refuse what nobody answered in time; what was asked."""
    return turn.refuse_overdue(workspace(), program)


@task(name="settle", **ONCE)
def settle(
    item: int, answer: Literal["approve", "refuse"], *, reason: str, actor: str
) -> ReviewItem:
    """Approve or refuse through the ledger."""
    return turn.answer_question(workspace(), item, answer, reason=reason, actor=actor)
