"""validate-dataset: put a program's data through the whole gate and report it."""

from __future__ import annotations

from prefect import flow

from dspyui_core.datasets import DatasetReport
from dspyui_core.turn import TurnRequest
from flows._command import run_as_command
from flows._policy import TOLD
from tasks._keys import artifact_key
from tasks.datasets import check_rows, keep_check
from tasks.publishing import publish_check


@flow(name="validate-dataset", **TOLD)
def validate_dataset(request: TurnRequest) -> DatasetReport:
    """Check the data of a program and keep what was found in MLflow; no split is decided."""
    report = check_rows(request)
    publish_check(artifact_key(request.program.stem), report)
    keep_check(request, report)
    return report


if __name__ == "__main__":
    run_as_command("validate-dataset")
