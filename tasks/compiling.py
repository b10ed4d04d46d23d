"""Compiling the candidate of a turn."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.records import CandidateRef
from tasks._policy import PATIENT
from tasks._progress import Progress
from tasks._workspace import workspace


@task(name="compile-candidate", **PATIENT)
def compile_candidate(turn_id: str) -> CandidateRef:
    """Compile on train, select on validation, keep the candidate in the turn's MLflow run."""
    return turn.compile_candidate(workspace(), turn_id, on_progress=Progress())
