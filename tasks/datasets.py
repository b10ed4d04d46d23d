"""Validating a dataset, and opening the turn that will use it."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.datasets import DatasetReport, check_dataset
from dspyui_core.turn import Opened, TurnRequest, request_spec
from tasks._policy import ONCE, PATIENT
from tasks._progress import Progress
from tasks._workspace import workspace


@task(name="check-dataset", **ONCE)
def check_rows(request: TurnRequest) -> DatasetReport:
    """Put the program's data through the whole gate; no state is touched."""
    return check_dataset(request_spec(request))


@task(name="open-turn", **PATIENT)
def open_turn(request: TurnRequest) -> Opened:
    """Open or resume the program's turn: dataset, splits and snapshot are fixed."""
    return turn.open_turn(workspace(), request, on_progress=Progress())
