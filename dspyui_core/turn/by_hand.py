"""What a person does outside a turn: promote and roll back."""

from __future__ import annotations

from pydantic import Field

from dspyui_core.records import Record
from dspyui_core.spec import read_spec
from dspyui_core.turn.asked import MOST, ProgramFile
from dspyui_core.workspace import Workspace

__all__ = [
    "PromoteRequest",
    "Promoted",
    "RollbackRequest",
    "promote_by_hand",
    "roll_back_by_hand",
]


class PromoteRequest(Record):
    """Which version of which program becomes the champion, and why."""

    program: ProgramFile
    version: int | None = Field(
        None, ge=1, le=MOST, description="The version; by default the waiting challenger."
    )
    reason: str = Field("promoted by hand", min_length=1, description="Why, for the ledger.")
    ask: bool = Field(
        False,
        title="Ask first",
        description="Wait for a person's answer: approve or refuse, with a comment.",
    )


class RollbackRequest(Record):
    """Which earlier champion of which program serves again, and why."""

    program: ProgramFile
    to: int | None = Field(
        None,
        ge=1,
        le=MOST,
        title="Version",
        description="The version; by default the champion before.",
    )
    reason: str = Field("rolled back by hand", min_length=1, description="Why, for the ledger.")


class Promoted(Record):
    """The version that serves now, by decision `decision` of the ledger."""

    program: str
    version: int
    decision: int


def promote_by_hand(ws: Workspace, request: PromoteRequest) -> Promoted:
    """Promote through the ledger. Raises ModelNotFoundError, and InputError where it serves."""
    name = read_spec(request.program).name
    entry = ws.promote(name, request.version, reason=request.reason)
    return Promoted(program=name, version=entry.version or 0, decision=entry.seq)


def roll_back_by_hand(ws: Workspace, request: RollbackRequest) -> Promoted:
    """Roll back through the ledger. Raises ModelNotFoundError where there is nothing before."""
    name = read_spec(request.program).name
    entry = ws.rollback(name, request.to, reason=request.reason)
    return Promoted(program=name, version=entry.version or 0, decision=entry.seq)
