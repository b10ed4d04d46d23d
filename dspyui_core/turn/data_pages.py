"""Data pages: what a turn or a check found in its data, as a page and as JSON in MLflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from dspyui_core.datasets import DatasetReport
from dspyui_core.datasets.reports.paged import for_page
from dspyui_core.datasets.reports.report import Quarantined
from dspyui_core.mlflow_tracking import DATA_PAGE, DATA_REPORT, existing_run, get_mlflow_ui_url
from dspyui_core.pages import DataReport, data_page
from dspyui_core.spec import ProgramSpec
from dspyui_core.turn.steps import Snapshot, recorded
from dspyui_core.workspace import Workspace

__all__ = ["brief", "check_page", "data_link", "keep_data_page", "log_data_page", "turn_data"]

# Rows of one check that a turn keeps for its page: it stays small, however bad a file is.
_KEPT: Final = 25
_KEPT_NUMBERS: Final = 200


def brief(report: DatasetReport) -> DatasetReport:
    """The report with its lists cut short; its counts still count everything."""
    kept: dict[str, list[Quarantined]] = {}
    for row in report.quarantined:
        of_check = kept.setdefault(row.check, [])
        if len(of_check) < _KEPT:
            of_check.append(row)
    checks = (c.model_copy(update={"rows": c.rows[:_KEPT_NUMBERS]}) for c in report.checks)
    rows = tuple(row for of_check in kept.values() for row in of_check)
    return report.model_copy(update={"quarantined": rows, "checks": tuple(checks), "suite": {}})


def turn_data(ws: Workspace, turn_id: str) -> DataReport | None:
    """What the data page of a turn shows; None for a turn of before there was one."""
    row, snapshot = ws.turns.get(turn_id), recorded(ws, turn_id, "snapshot", Snapshot)
    if snapshot.report is None:
        return None
    dataset = snapshot.dataset
    feedback = f"{dataset.feedback_rows:,} rows, up to journal position {dataset.feedback_upto}"
    return for_page(
        snapshot.report,
        program=row.program,
        about=f"turn {turn_id}",
        change=snapshot.report.change,
        facts={
            "files": _files(snapshot.spec),
            "feedback": feedback,
            "spec": row.spec_hash,
            "core version": row.core_version,
        },
        at=row.opened_at,
    )


def check_page(
    program: str,
    report: DatasetReport,
    *,
    about: str,
    facts: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> str:
    """The page of a check that no turn made; `about` is the file that was checked."""
    change = report.change
    shown = for_page(report, program=program, about=about, change=change, facts=facts, at=at)
    return data_page(shown)


def keep_data_page(ws: Workspace, run_id: str, turn_id: str) -> None:
    """Log the data page and the JSON of the dataset check in a turn's run."""
    found = turn_data(ws, turn_id)
    report = recorded(ws, turn_id, "snapshot", Snapshot).report
    if found is not None and report is not None:
        log_data_page(ws, run_id, data_page(found), report)


def log_data_page(ws: Workspace, run_id: str, page: str, report: DatasetReport) -> None:
    """Log a data page, and the JSON of the dataset check beside it, with its doubts and with
    its lists cut short.
    """
    ws.client.log_text(run_id, page, DATA_PAGE)
    short = brief(report)
    doubts = [doubt.model_dump(mode="json") for doubt in short.doubts]
    text = json.dumps({**short.to_json(), "doubts": doubts}, indent=2, ensure_ascii=False)
    ws.client.log_text(run_id, text, DATA_REPORT)


def data_link(ws: Workspace, turn_id: str) -> str | None:
    """Where a turn's data page is in MLflow's UI; None where its run has none."""
    experiment = ws.experiment(ws.turns.get(turn_id).program)
    run_id = existing_run(ws.client, experiment, turn_id=turn_id)
    if run_id is None:
        return None
    folder = DATA_PAGE.partition("/")[0]
    if DATA_PAGE not in {file.path for file in ws.client.list_artifacts(run_id, folder)}:
        return None
    run = get_mlflow_ui_url(experiment, run_id=run_id, base_url=ws.settings.mlflow_ui())
    return f"{run}/artifacts/{DATA_PAGE}"


def _files(spec: ProgramSpec) -> str:
    return ", ".join(source.path.name for source in spec.dataset.sources)
