"""Answering a whole file with the champion: one batch job, resumed by asking for it again."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from dspyui_core.datasets import file_hash
from dspyui_core.mlflow_loader import LoadedModel
from dspyui_core.records import Record
from dspyui_core.runner import BatchPlan, BatchReport, plan_batch, run_batch_inference
from dspyui_core.runner.batch import CHUNK, unfinished_job
from dspyui_core.spec import read_spec
from dspyui_core.turn.steps import Progress, silent
from dspyui_core.workspace import Workspace

__all__ = ["BatchRequest", "answer_file", "plan_file"]


class BatchRequest(Record):
    """Which file is answered by which program, and where the answers go."""

    program: Path = Field(description="The program spec, a YAML file.")
    file: Path = Field(description="The rows: a .csv, .tsv, .jsonl or .parquet file.")
    out: Path | None = Field(
        None,
        description="The file of the answers, .csv or .jsonl; by default one in the job's folder "
        "in the home.",
    )
    version: int | None = Field(
        None,
        ge=1,
        description="The version that answers; by default the one that an unfinished job began "
        "with, or else the champion.",
    )
    chunk: int = Field(
        CHUNK, ge=1, le=10_000, description="Rows that are answered and recorded together."
    )
    retry_failed: bool = Field(
        False, description="Ask the failed rows of a finished job once more."
    )


def answer_file(
    ws: Workspace, request: BatchRequest, *, on_progress: Progress = silent
) -> BatchReport:
    """Answer every row of the file; a job that was interrupted goes on with the version it began.

    Raises SpecError, ModelNotFoundError, and what `run_batch_inference` raises.
    """
    served = _served(ws, request)
    on_progress(f"answering {request.file} with version {served.version}")
    return run_batch_inference(
        served,
        request.file,
        lm=ws.lm(served.spec.lm),
        journal=ws.journal,
        batches=_batches(ws),
        out=request.out,
        threads=ws.settings.lm.threads,
        chunk=request.chunk,
        span_bytes=ws.settings.journal.span_bytes,
        retry_failed=request.retry_failed,
        on_progress=lambda done, total: on_progress(f"answered {done}/{total} rows"),
    )


def plan_file(ws: Workspace, request: BatchRequest) -> BatchPlan:
    """What `answer_file` would do: rows counted and checked, nothing written, no LM called."""
    return plan_batch(
        _served(ws, request),
        request.file,
        batches=_batches(ws),
        out=request.out,
        chunk=request.chunk,
    )


def _served(ws: Workspace, request: BatchRequest) -> LoadedModel:
    name, version = read_spec(request.program).name, request.version
    if version is None:
        # Half a file by one version and half by another would be nobody's answer.
        begun = unfinished_job(_batches(ws), name, file_hash(request.file))
        version = None if begun is None else begun.version
    return ws.models.load_model(name, version=version)


def _batches(ws: Workspace) -> Path:
    return ws.home / "batches"
