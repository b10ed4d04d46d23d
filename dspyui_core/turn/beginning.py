"""Beginning: the MLflow run of a turn, with what the turn rests on and what its data is like."""

from __future__ import annotations

from dspyui_core.mlflow_tracking import log_dataset_metadata, log_parameters, turn_run
from dspyui_core.turn.checking import keep_suite
from dspyui_core.turn.data_pages import keep_data_page
from dspyui_core.turn.steps import Snapshot, recorded
from dspyui_core.workspace import Workspace

__all__ = ["begin_run"]


def begin_run(ws: Workspace, turn_id: str) -> str:
    """The id of a turn's run, made where there is none; a repeat changes nothing.

    It has the data page, also where the data is blocked: that is when somebody wants to read it.
    """
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    run_id = turn_run(
        ws.client, ws.experiment(snapshot.spec.name), turn_id=turn_id, tags=_tags(ws, snapshot)
    )
    _describe(ws, run_id, snapshot)
    keep_suite(ws, run_id, snapshot.expectations)
    keep_data_page(ws, run_id, turn_id)
    return run_id


def _describe(ws: Workspace, run_id: str, snapshot: Snapshot) -> None:
    spec = snapshot.spec
    log_parameters(
        ws.client,
        run_id,
        {
            "program": spec.name,
            "module": spec.module.name,
            "metric": spec.metric.name,
            "lm": spec.lm.name,
            "optimizer_requested": spec.optimizer.name,
            "optimizer_options": dict(spec.optimizer.options),
            "instructions": spec.signature.instructions,
            "seed": spec.seed,
        },
    )
    log_dataset_metadata(
        ws.client,
        run_id,
        snapshot.dataset,
        source=str(ws.snapshots),
        column_names=[field.name for field in spec.fields],
    )


def _tags(ws: Workspace, snapshot: Snapshot) -> dict[str, object]:
    return {
        "dspyui.type": "turn",
        "dspyui.program": snapshot.spec.name,
        "dspyui.user": ws.settings.user,
        "dspyui.project": ws.settings.project,
        "dspyui.dataset_version": snapshot.dataset.version,
        "dspyui.spec_hash": snapshot.spec.identity(),
    }
