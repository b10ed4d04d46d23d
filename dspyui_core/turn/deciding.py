"""Put the turn's comparison before the promotion policy."""

from __future__ import annotations

from dspyui_core.promotion import decide
from dspyui_core.records import Decision
from dspyui_core.turn.steps import Evaluated, Snapshot, recorded, step
from dspyui_core.workspace import Workspace

__all__ = ["decide_release"]


def decide_release(ws: Workspace, turn_id: str) -> Decision:
    """The turn's verdict with its reasons; nothing is promoted yet."""
    return step(ws, turn_id, "decide", Decision, lambda: _decide(ws, turn_id))


def _decide(ws: Workspace, turn_id: str) -> Decision:
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    evaluated = recorded(ws, turn_id, "evaluate", Evaluated)
    return decide(
        evaluated.comparison,
        snapshot.spec.promotion,
        first=snapshot.champion is None,
        hold=ws.releases.hold(snapshot.spec.name),
    )
