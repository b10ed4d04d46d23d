"""Compile on train, select on validation, keep the candidate in the turn's MLflow run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from dspyui_core import programs
from dspyui_core.compiler import Candidate, compile_program
from dspyui_core.datasets import Reader, Row, load_split
from dspyui_core.mlflow_loader import LoadedModel, load_model_from_run
from dspyui_core.mlflow_tracking import log_parameters, log_program
from dspyui_core.records import CandidateRef, DatasetRef
from dspyui_core.spec import ProgramSpec
from dspyui_core.turn.beginning import begin_run
from dspyui_core.turn.steps import Progress, Snapshot, recorded, silent, step
from dspyui_core.workspace import Workspace

__all__ = [
    "compile_candidate",
    "compile_on",
    "keep_candidate",
    "load_candidate",
    "training_rows",
]


def compile_candidate(
    ws: Workspace, turn_id: str, *, on_progress: Progress = silent
) -> CandidateRef:
    """The turn's candidate, compiled once and kept as a program in its MLflow run."""
    return step(ws, turn_id, "compile", CandidateRef, lambda: _compile(ws, turn_id, on_progress))


def load_candidate(ws: Workspace, candidate: CandidateRef) -> LoadedModel:
    """The candidate as its run keeps it. Raises ProgramError where it is damaged."""
    return load_model_from_run(ws.client, candidate.run_id, workspace=ws.folder)


def _compile(ws: Workspace, turn_id: str, on_progress: Progress) -> CandidateRef:
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    run_id = begin_run(ws, turn_id)
    on_progress(f"compiling on {snapshot.dataset.train} train rows")
    rows = training_rows(ws, snapshot.dataset)
    candidate = compile_on(ws, snapshot.spec, *rows, on_progress=on_progress)
    on_progress(f"candidate {candidate.digest[:12]}: {candidate.note}")
    return keep_candidate(ws, run_id, candidate)


def keep_candidate(ws: Workspace, run_id: str, candidate: Candidate) -> CandidateRef:
    """Keep a candidate as a program in its MLflow run; the same again changes nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        programs.save(candidate.program, candidate.spec, folder, workspace=ws.folder)
        log_program(ws.client, run_id, folder, candidate.spec)
    log_parameters(ws.client, run_id, {"optimizer": candidate.optimizer, "note": candidate.note})
    return CandidateRef(
        digest=candidate.digest,
        run_id=run_id,
        optimizer=candidate.optimizer,
        note=candidate.note,
        validation_score=candidate.validation_score,
    )


def training_rows(ws: Workspace, ref: DatasetRef) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The train and the validation rows of a dataset version, as an optimizer gets them."""
    return (
        load_split(ws.snapshots, ref, "train", reader=Reader.OPTIMIZER),
        load_split(ws.snapshots, ref, "validation", reader=Reader.OPTIMIZER),
    )


def compile_on(
    ws: Workspace,
    spec: ProgramSpec,
    train: Sequence[Row],
    validation: Sequence[Row],
    *,
    on_progress: Progress = silent,
) -> Candidate:
    """Compile a spec's program on these rows with the workspace's LMs."""
    return compile_program(
        spec,
        train,
        validation,
        lm=ws.lm(spec.lm),
        judge=ws.lm(spec.judge),
        workspace=ws.folder,
        threads=ws.settings.lm.threads,
        on_progress=on_progress,
    )
