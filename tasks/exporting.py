"""Exporting feedback to a file."""

from __future__ import annotations

from prefect import task

from dspyui_core import turn
from dspyui_core.data_exporter import Exported
from dspyui_core.turn import ExportRequest
from tasks._policy import ONCE
from tasks._workspace import workspace


@task(name="write-export", **ONCE)
def write_export(request: ExportRequest) -> Exported:
    """Write the feedback that is asked for; the consumer's watermark moves last."""
    return turn.export_feedback(workspace(), request)
