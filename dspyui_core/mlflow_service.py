"""Registering a compiled program in one call: log it under its run, then make it a version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import mlflow

from dspyui_core.errors import ProgramError
from dspyui_core.mlflow_registry import register_model, version_metadata
from dspyui_core.mlflow_tracking import MODEL_PATH, log_program, logged_digest
from dspyui_core.spec import ProgramSpec


def register_compiled_model(
    client: mlflow.MlflowClient,
    name: str,
    run_id: str,
    folder: Path,
    spec: ProgramSpec,
    *,
    optimizer: str,
    evaluation_score: float | None = None,
    lineage: Mapping[str, object] | None = None,
    path: str = MODEL_PATH,
) -> int:
    """Log a saved program under a run and register it; returns the version, the same when repeated.

    `evaluation_score` is 0..1. Raises ProgramError where `folder` holds no saved program, and
    ConflictError where the run holds another one that is registered.
    """
    log_program(client, run_id, folder, spec, path=path)
    digest = logged_digest(client, run_id, path=path)
    if digest is None:
        raise ProgramError(f"run {run_id} lost its program while it was registered")
    metadata = version_metadata(spec, optimizer=optimizer, evaluation_score=evaluation_score)
    return register_model(
        client, name, run_id, digest=digest, metadata=metadata, lineage=lineage, path=path
    )
