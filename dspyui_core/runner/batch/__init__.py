"""Batch inference: every row of a file answered once, by one version, whatever interrupts it."""

from dspyui_core.runner.batch.jobs import Job, Part, PartAnswered, unfinished_job
from dspyui_core.runner.batch.report import BatchPlan, BatchReport
from dspyui_core.runner.batch.running import (
    CHUNK,
    answer_part,
    plan_batch,
    run_batch_inference,
    validate_csv_headers,
)

__all__ = [
    "CHUNK",
    "BatchPlan",
    "BatchReport",
    "Job",
    "Part",
    "PartAnswered",
    "answer_part",
    "plan_batch",
    "run_batch_inference",
    "unfinished_job",
    "validate_csv_headers",
]
