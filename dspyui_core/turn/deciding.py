"""Put the turn's comparison before the promotion policy."""

from __future__ import annotations

from dspyui_core.promotion import Evidence, decide, next_look
from dspyui_core.records import Decision
from dspyui_core.turn.judging import distrust
from dspyui_core.turn.steps import Evaluated, Snapshot, recorded, step
from dspyui_core.workspace import Workspace

__all__ = ["decide_release"]


def decide_release(ws: Workspace, turn_id: str) -> Decision:
    """The turn's verdict with its reasons; nothing is promoted yet."""
    return step(ws, turn_id, "decide", Decision, lambda: _decide(ws, turn_id))


def _decide(ws: Workspace, turn_id: str) -> Decision:
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    evaluated = recorded(ws, turn_id, "evaluate", Evaluated)
    name, policy = snapshot.spec.name, snapshot.spec.promotion
    look = next_look(ws.releases.ledger.history(name), policy)
    return decide(
        Evidence(
            comparison=evaluated.comparison,
            look=look,
            slices=evaluated.slices,
            failed=evaluated.failed,
            latency_ms=evaluated.latency_ms,
            usd=evaluated.usd,
            replay=evaluated.replay,
            judge=distrust(ws, snapshot.spec, upto=snapshot.dataset.feedback_upto),
        ),
        policy,
        first=snapshot.champion is None,
        hold=ws.releases.hold(name),
    )
