"""Validating a dataset, and opening the turn that will use it."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.datasets import DatasetReport
from dspyui_core.turn import Opened, TurnRequest, request_spec
from tasks._policy import ONCE, PATIENT
from tasks._progress import Progress
from tasks._workspace import workspace


@task(name="check-dataset", **ONCE)
def check_rows(request: TurnRequest) -> DatasetReport:
    """Put the program's data through the gate and its suite; no split is decided."""
    ws = workspace()
    return turn.check_data(request_spec(request), ws.folder, ws=ws, by_default=True)


@task(name="keep-check", **PATIENT)
def keep_check(request: TurnRequest, report: DatasetReport) -> str:
    """Keep what the gate and the suite said in an MLflow run."""
    return turn.keep_check(workspace(), request_spec(request).name, report)


@task(name="open-turn", **PATIENT)
def open_turn(request: TurnRequest) -> Opened:
    """Open or resume the program's turn: dataset, splits and snapshot are fixed."""
    return turn.open_turn(workspace(), request, on_progress=Progress())
