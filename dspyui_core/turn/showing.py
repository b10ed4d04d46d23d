"""What a person sees of a turn while it runs: the score table, the decision, the MLflow link."""

from __future__ import annotations

from typing import Any

from dspyui_core.mlflow_tracking import get_mlflow_ui_url
from dspyui_core.records import CandidateRef, Decision
from dspyui_core.turn.steps import Evaluated, recorded
from dspyui_core.workspace import Workspace

__all__ = ["decision_markdown", "run_link", "score_table"]


def score_table(ws: Workspace, turn_id: str) -> list[dict[str, Any]]:
    """A row per program: its mean holdout score (0..1) and its failed rows."""
    evaluated = recorded(ws, turn_id, "evaluate", Evaluated)
    return [
        {"program": role, "holdout score": round(score, 4), "failed rows": evaluated.failed[role]}
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
