"""Register what the decision lets pass, and record the decision that makes it champion."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dspyui_core import programs
from dspyui_core.errors import ConflictError
from dspyui_core.mlflow_registry import register_model, version_metadata
from dspyui_core.mlflow_service import register_compiled_model
from dspyui_core.records import CandidateRef, Decision, Record
from dspyui_core.turn.steps import Evaluated, Snapshot, recorded, step
from dspyui_core.workspace import Workspace

__all__ = ["Concluded", "Registered", "conclude", "register_version"]

BASELINE_PATH = "baseline"


class Registered(Record):
    """The version that holds what the decision lets pass."""

    version: int


class Concluded(Record):
    """The ledger's entry for the turn; `conflict` says why there is none."""

    seq: int | None
    conflict: str = ""


def register_version(ws: Workspace, turn_id: str) -> Registered:
    """Make a model version of the decision's subject; the same program is the same version."""
    return step(ws, turn_id, "register", Registered, lambda: _register(ws, turn_id))


def conclude(ws: Workspace, turn_id: str) -> Concluded:
    """Record the decision in the ledger and let the alias follow it.

    Where somebody moved the champion while the turn ran, its evidence is out of date and
    nothing is recorded.
    """
    return step(ws, turn_id, "conclude", Concluded, lambda: _conclude(ws, turn_id))


def _register(ws: Workspace, turn_id: str) -> Registered:
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    candidate = recorded(ws, turn_id, "compile", CandidateRef)
    scores = recorded(ws, turn_id, "evaluate", Evaluated).scores
    lineage = _lineage(turn_id, snapshot, scores)
    if recorded(ws, turn_id, "decide", Decision).subject == "baseline":
        return _register_baseline(ws, snapshot, candidate.run_id, scores["baseline"], lineage)
    version = register_model(
        ws.client,
        snapshot.spec.name,
        candidate.run_id,
        digest=candidate.digest,
        metadata=version_metadata(
            snapshot.spec, optimizer=candidate.optimizer, evaluation_score=scores["candidate"]
        ),
        lineage=lineage,
    )
    return Registered(version=version)


def _register_baseline(
    ws: Workspace, snapshot: Snapshot, run_id: str, score: float, lineage: dict[str, object]
) -> Registered:
    spec = snapshot.spec
    baseline = programs.build(spec, workspace=ws.folder)
    with tempfile.TemporaryDirectory() as scratch:
        programs.save(baseline, spec, Path(scratch), workspace=ws.folder)
        version = register_compiled_model(
            ws.client,
            spec.name,
            run_id,
            Path(scratch),
            spec,
            optimizer="none",
            evaluation_score=score,
            lineage=lineage,
            path=BASELINE_PATH,
        )
    return Registered(version=version)


def _lineage(turn_id: str, snapshot: Snapshot, scores: dict[str, float]) -> dict[str, object]:
    return {
        "turn": turn_id,
        "dataset_version": snapshot.dataset.version,
        "spec_hash": snapshot.spec.identity(),
        "feedback_upto": snapshot.dataset.feedback_upto,
        "scores": {role: round(score, 6) for role, score in scores.items()},
        "predecessor": snapshot.champion,
    }


def _conclude(ws: Workspace, turn_id: str) -> Concluded:
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    decision = recorded(ws, turn_id, "decide", Decision)
    name = snapshot.spec.name
    version = recorded(ws, turn_id, "register", Registered).version if decision.registers else None
    try:
        entry = ws.releases.conclude(
            name,
            decision,
            version=version,
            predecessor=snapshot.decided,
            turn_id=turn_id,
            actor="turn",
        )
    except ConflictError as error:
        return Concluded(seq=None, conflict=str(error))
    return Concluded(seq=entry.seq)
