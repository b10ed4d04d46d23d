"""What a person sees of a turn: the score table, the decision, the MLflow link, the details."""

from __future__ import annotations

from typing import Any

from dspyui_core.datasets.report import Quarantined
from dspyui_core.mlflow_tracking import DECISION_PAGE, get_mlflow_ui_url
from dspyui_core.records import CandidateRef, DatasetRef, Decision, Record
from dspyui_core.turn.steps import Evaluated, Snapshot, recorded
from dspyui_core.workspace import Workspace

__all__ = [
    "TurnDetails",
    "decision_markdown",
    "page_link",
    "run_link",
    "score_table",
    "turn_details",
]


class TurnDetails(Record):
    """What a turn's report leaves out; None or nothing for the steps that it did not reach."""

    dataset: DatasetRef | None = None
    quarantined: tuple[Quarantined, ...] = ()
    candidate: CandidateRef | None = None
    evaluated: Evaluated | None = None


def turn_details(ws: Workspace, turn_id: str) -> TurnDetails:
    """The details of a turn, as far as it came."""
    refs = {name: content["ref"] for name, content in ws.turns.steps(turn_id).items()}
    snapshot = Snapshot.model_validate(refs["snapshot"]) if "snapshot" in refs else None
    return TurnDetails(
        dataset=None if snapshot is None else snapshot.dataset,
        quarantined=() if snapshot is None else snapshot.quarantined,
        candidate=CandidateRef.model_validate(refs["compile"]) if "compile" in refs else None,
        evaluated=Evaluated.model_validate(refs["evaluate"]) if "evaluate" in refs else None,
    )


def score_table(ws: Workspace, turn_id: str) -> list[dict[str, Any]]:
    """A row per program: its mean holdout score (0..1), the interval, and its failed rows."""
    evaluated = recorded(ws, turn_id, "evaluate", Evaluated)
    return [
        {
            "program": role,
            "holdout score": round(score, 4),
            "interval": _ends(evaluated, role),
            "failed rows": evaluated.failed[role],
        }
        for role, score in evaluated.scores.items()
    ]


def decision_markdown(ws: Workspace, turn_id: str) -> str:
    """The verdict and every reason."""
    decision = recorded(ws, turn_id, "decide", Decision)
    reasons = "\n".join(f"- {reason}" for reason in decision.reasons)
    return f"# {decision.verdict}: {decision.subject}\n\n{reasons}\n"


def run_link(ws: Workspace, turn_id: str) -> str:
    """Where the turn's run is in MLflow's UI."""
    candidate = recorded(ws, turn_id, "compile", CandidateRef)
    run = ws.client.get_run(candidate.run_id)
    return f"{get_mlflow_ui_url(run.info.experiment_id)}/runs/{candidate.run_id}"


def page_link(ws: Workspace, turn_id: str) -> str:
    """Where the decision page of a finished turn is in MLflow's UI; its run where none is there."""
    candidate = recorded(ws, turn_id, "compile", CandidateRef)
    run = run_link(ws, turn_id)
    there = DECISION_PAGE in {file.path for file in ws.client.list_artifacts(candidate.run_id)}
    return f"{run}/artifacts/{DECISION_PAGE}" if there else run


def _ends(evaluated: Evaluated, role: str) -> str:
    interval = evaluated.intervals.get(role)
    return "" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"
