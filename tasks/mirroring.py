"""Copying the journal to MLflow."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.turn import MirrorReport, TurnRequest
from tasks._policy import PATIENT
from tasks._workspace import workspace


@task(name="mirror-journal", **PATIENT)
def mirror_journal(request: TurnRequest) -> MirrorReport:
    """Bring MLflow's traces and assessments up to the journal."""
    return turn.mirror_program(workspace(), request)
