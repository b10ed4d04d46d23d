"""Answering a whole file with the champion: one batch job, resumed by asking for it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil
from pathlib import Path

from pydantic import Field

from dspyui_core.datasets import file_hash
from dspyui_core.mlflow_loader import LoadedModel
from dspyui_core.records import Record
from dspyui_core.runner import BatchPlan, BatchReport, plan_batch, run_batch_inference
from dspyui_core.runner.batch import (
    CHUNK,
    Job,
    Part,
    PartAnswered,
    answer_part,
    unfinished_job,
)
from dspyui_core.spec import read_spec
from dspyui_core.turn.asked import MOST, ProgramFile
from dspyui_core.turn.chunks import spans
from dspyui_core.turn.steps import Progress, counted, silent
from dspyui_core.workspace import Workspace

__all__ = ["BatchRequest", "answer_file", "answer_some", "plan_file"]

Answerers = Callable[[Sequence[Part]], Iterable[PartAnswered]]


class BatchRequest(Record):
    """Which file is answered by which program, and where the answers go."""

    program: ProgramFile
    file: Path = Field(description="The rows: a .csv, .tsv, .jsonl or .parquet file.")
    out: Path | None = Field(
        None,
        title="Output file",
        description="The file of the answers, .csv or .jsonl; by default one in the job's folder "
        "in the home.",
    )
    version: int | None = Field(
        None,
        ge=1,
        le=MOST,
        description="The version that answers; by default the one that an unfinished job began "
        "with, or else the champion.",
    )
    chunk: int = Field(
        CHUNK,
        ge=1,
        le=10_000,
        title="Rows in a chunk",
        description="Rows that are answered and recorded together.",
    )
    retry_failed: bool = Field(
        False, description="Ask the failed rows of a finished job once more."
    )


def answer_file(
    ws: Workspace,
    request: BatchRequest,
    *,
    answerers: Answerers | None = None,
    on_progress: Progress = silent,
) -> BatchReport:
    """Answer every row of the file; a job that was interrupted goes on with the version it began.

    With `answerers` the job's chunks are dealt out in parts, which they answer as they like
    (`answer_some`); the file that is written is the same.

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
        spread=None
        if answerers is None
        else partial(_spread, ws, request.file.resolve(), answerers),
        on_progress=lambda done, total: on_progress(counted("answered", done, total, "rows")),
    )


def answer_some(ws: Workspace, part: Part) -> PartAnswered:
    """Answer some chunks of a job that another process runs; what is answered is not asked again.

    Raises ModelNotFoundError, and LMError where the LM answers nobody.
    """
    served = ws.models.load_model(part.job.program, version=part.job.version)
    return answer_part(
        served,
        part,
        lm=ws.lm(served.spec.lm),
        journal=ws.journal,
        batches=_batches(ws),
        threads=ws.settings.lm.threads,
        span_bytes=ws.settings.journal.span_bytes,
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


def _spread(
    ws: Workspace, file: Path, answerers: Answerers, job: Job, numbers: Sequence[int]
) -> int:
    """Deal the chunks with these numbers out; how many rows were asked."""
    # Of chunks there may be thousands: a part is some of them, one after the other.
    fan_out = ws.settings.fan_out
    cut = spans(len(numbers), workers=fan_out.workers, fewest=ceil(fan_out.rows / job.chunk))
    parts = [
        Part(job=job, file=file, numbers=tuple(numbers[span.start : span.stop])) for span in cut
    ]
    return sum(answered.asked for answered in answerers(parts))


def _served(ws: Workspace, request: BatchRequest) -> LoadedModel:
    name, version = read_spec(request.program).name, request.version
    if version is None:
        # Half a file by one version and half by another would be nobody's answer.
        begun = unfinished_job(_batches(ws), name, file_hash(request.file))
        version = None if begun is None else begun.version
    return ws.models.load_model(name, version=version)


def _batches(ws: Workspace) -> Path:
    return ws.home / "batches"
