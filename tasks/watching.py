"""Watching a new champion."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.turn import WatchReport, WatchRequest
from tasks._policy import PATIENT
from tasks._workspace import workspace


@task(name="watch", **PATIENT)
def watch(request: WatchRequest) -> WatchReport:
    """Compare the champion with the one before, and take it back where it is shown to harm."""
    return turn.watch_champion(workspace(), request)
