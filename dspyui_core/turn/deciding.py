"""Put the turn's comparison before the promotion policy."""

from __future__ import annotations

from dspyui_core.mlflow_registry import version_with_digest
from dspyui_core.promotion import Evidence, decide, next_look, taken_back
from dspyui_core.records import CandidateRef, Decision
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
        hold="; ".join(filter(None, (ws.releases.hold(name), _taken_back(ws, turn_id, name)))),
    )


def _taken_back(ws: Workspace, turn_id: str, program: str) -> str:
    """Why a person has to promote a candidate that served before and was rolled back, or nothing.

    The same program is the same version: what made it harm then is not in the holdout.
    """
    history = ws.releases.ledger.history(program)
    if not any(entry.kind == "rollback" for entry in history):
        return ""
    digest = recorded(ws, turn_id, "compile", CandidateRef).digest
    version = version_with_digest(ws.client, program, digest)
    rollback = None if version is None else taken_back(history, version)
    if rollback is None:
        return ""
    return (
        f"it is version {version}, which was rolled back by {rollback.actor} (decision "
        f"{rollback.seq}, {rollback.reasons[0]}): a person must promote it"
    )
