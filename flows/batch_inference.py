"""batch-inference: answer every row of a file, each answer recorded like any other."""

from __future__ import annotations

from prefect import flow

from dspyui_core.runner import BatchReport
from dspyui_core.turn import BatchRequest
from flows._command import run_as_command
from flows._policy import TOLD
from tasks._keys import artifact_key
from tasks.inference import answer_rows
from tasks.publishing import publish_statistics


@flow(name="batch-inference", **TOLD)
def batch_inference(request: BatchRequest) -> BatchReport:
    """Answer a file; the same request goes on where an interrupted run stopped."""
    report = answer_rows(request)
    publish_statistics(artifact_key(request.program.stem), report.markdown())
    return report


if __name__ == "__main__":
    run_as_command("batch-inference")
