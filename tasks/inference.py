"""Answering a file of inputs."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.runner import BatchReport, Part, PartAnswered
from dspyui_core.turn import BatchRequest
from tasks._fan_out import over
from tasks._policy import ONCE, PATIENT
from tasks._progress import Progress
from tasks._workspace import workspace


@task(name="answer-part", **ONCE)
def answer_part(chunk: Part) -> PartAnswered:
    """Answer some chunks of a file; what fails is tried again by who needs it."""
    return turn.answer_some(workspace(), chunk)


@task(name="answer-rows", **PATIENT)
def answer_rows(request: BatchRequest) -> BatchReport:
    """Answer every row of the file; what is answered already is not asked again."""
    progress = Progress()
    answerers = over(answer_part, progress)
    return turn.answer_file(workspace(), request, answerers=answerers, on_progress=progress)
