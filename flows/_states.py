"""Under which name a run ends: a gate that says no is Completed, and says so."""

from __future__ import annotations

from prefect.client.schemas.objects import State
from prefect.states import Completed

from dspyui_core.records import Turn


def ended(turn: Turn) -> State[Turn]:
    """`Completed` under the outcome's own name, with what a person reads first as its message."""
    return Completed(name=state_name(turn), message=_told(turn), data=turn)


def state_name(turn: Turn) -> str:
    """The outcome as a state is named: `Awaiting approval`."""
    return turn.outcome.replace("-", " ").capitalize()


def _told(turn: Turn) -> str:
    if turn.message:
        return turn.message.splitlines()[0]
    if turn.decision is None:
        return f"turn {turn.turn}"
    serves = "" if turn.model_version is None else f"version {turn.model_version}; "
    return f"{serves}{turn.decision.reasons[0]}"
