"""MLflow tracking: the client, the run of a turn, its tables, its dataset and its program."""

from __future__ import annotations

from dspyui_core.mlflow_tracking.connecting import (
    experiment,
    get_mlflow_ui_url,
    init_mlflow,
    is_missing,
    open_client,
    require_answer,
)
from dspyui_core.mlflow_tracking.forgetting import (
    Said,
    blank_quotes,
    delete_assessments,
    delete_traces,
    forget_evaluated,
    runs_of,
)
from dspyui_core.mlflow_tracking.inputs import compute_dataset_hash, log_dataset_metadata
from dspyui_core.mlflow_tracking.packaging import (
    MODEL_PATH,
    log_compilation_artifacts,
    log_program,
    logged_digest,
    model_uri,
    program_uri,
)
from dspyui_core.mlflow_tracking.runs import (
    CURVE_PAGE,
    DECISION_PAGE,
    TURN_TAG,
    RunFacts,
    existing_run,
    finish_run,
    log_compilation_metrics,
    log_evaluation_table,
    log_metrics,
    log_parameters,
    read_evaluation_table,
    run_facts,
    track_compilation,
    truncate_param,
    turn_run,
)

__all__ = [
    "CURVE_PAGE",
    "DECISION_PAGE",
    "MODEL_PATH",
    "TURN_TAG",
    "RunFacts",
    "Said",
    "blank_quotes",
    "compute_dataset_hash",
    "delete_assessments",
    "delete_traces",
    "existing_run",
    "experiment",
    "finish_run",
    "forget_evaluated",
    "get_mlflow_ui_url",
    "init_mlflow",
    "is_missing",
    "log_compilation_artifacts",
    "log_compilation_metrics",
    "log_dataset_metadata",
    "log_evaluation_table",
    "log_metrics",
    "log_parameters",
    "log_program",
    "logged_digest",
    "model_uri",
    "open_client",
    "program_uri",
    "read_evaluation_table",
    "require_answer",
    "run_facts",
    "runs_of",
    "track_compilation",
    "truncate_param",
    "turn_run",
]
