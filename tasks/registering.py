"""Registering the version that a turn's decision lets pass."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.turn import Registered
from tasks._policy import PATIENT
from tasks._workspace import workspace


@task(name="register-version", **PATIENT)
def register_version(turn_id: str) -> Registered:
    """Make a model version, keyed by its content: repeating makes no second one."""
    return turn.register_version(workspace(), turn_id)
