"""export-feedback: write what users rated and corrected to a file, for whoever trains elsewhere."""

from __future__ import annotations

from prefect import flow

from dspyui_core.data_exporter import Exported
from dspyui_core.turn import ExportRequest
from flows._command import run_as_command
from flows._policy import TOLD
from tasks.exporting import write_export


@flow(name="export-feedback", **TOLD)
def export_feedback(request: ExportRequest) -> Exported:
    """Write one file; a consumer gets each piece of feedback once."""
    return write_export(request)


if __name__ == "__main__":
    run_as_command("export-feedback")
