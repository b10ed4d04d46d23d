"""Answering a file of inputs."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.runner import BatchReport
from dspyui_core.turn import BatchRequest
from tasks._policy import PATIENT
from tasks._workspace import progress, workspace


@task(name="answer-rows", **PATIENT)
def answer_rows(request: BatchRequest) -> BatchReport:
    """Answer every row of the file; what is answered already is not asked again."""
    return turn.answer_file(workspace(), request, on_progress=progress)
