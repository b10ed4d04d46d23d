"""Concluding a turn in the ledger, closing it, and promoting or rolling back by hand."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.records import Turn
from dspyui_core.turn import Concluded, Promoted, PromoteRequest, RollbackRequest
from tasks._policy import ONCE, PATIENT
from tasks._workspace import workspace


@task(name="conclude", **PATIENT)
def conclude(turn_id: str) -> Concluded:
    """Record the decision; the champion alias follows it."""
    return turn.conclude(workspace(), turn_id)


@task(name="finish-turn", **PATIENT)
def finish(turn_id: str) -> Turn:
    """Close the turn and report it."""
    return turn.finish(workspace(), turn_id)


@task(name="promote", **ONCE)
def promote(request: PromoteRequest) -> Promoted:
    """Promote a version on a person's word."""
    return turn.promote_by_hand(workspace(), request)


@task(name="roll-back", **ONCE)
def roll_back(request: RollbackRequest) -> Promoted:
    """Let an earlier champion serve again on a person's word."""
    return turn.roll_back_by_hand(workspace(), request)
