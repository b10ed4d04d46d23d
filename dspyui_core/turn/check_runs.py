"""The MLflow run of a dataset check that no turn asked for: its verdict, and what a suite said."""

from __future__ import annotations

from dspyui_core.datasets import DatasetReport
from dspyui_core.mlflow_tracking import finish_run, log_metrics, log_parameters, turn_run
from dspyui_core.store.clock import utc_now
from dspyui_core.turn.checking import keep_suite
from dspyui_core.turn.data_pages import check_page, log_data_page
from dspyui_core.workspace import Workspace

__all__ = ["keep_check"]


def keep_check(ws: Workspace, program: str, report: DatasetReport) -> str:
    """Keep a check in an MLflow run of its own and return the run's id.

    The same dataset checked again is the same run, with the newest verdict. Raises
    MlflowException where MLflow is away.
    """
    run_id = turn_run(
        ws.client,
        ws.experiment(program),
        turn_id=f"data-check-{report.version[:16]}",
        tags={
            "dspyui.type": "check",
            "dspyui.program": program,
            "dspyui.user": ws.settings.user,
            "dspyui.project": ws.settings.project,
            "dspyui.dataset_version": report.version,
        },
    )
    ws.client.set_tag(run_id, "dspyui.verdict", report.verdict)
    log_parameters(ws.client, run_id, {"program": program})
    counts = {"rows": report.rows, "accepted": report.accepted, "quarantined": report.held_back}
    log_metrics(ws.client, run_id, {**counts, "parked": report.parked})
    keep_suite(ws, run_id, report.suite)
    page = check_page(program, report, about="its files, as a check found them", at=utc_now())
    log_data_page(ws, run_id, page, report)
    finish_run(ws.client, run_id)
    return run_id
