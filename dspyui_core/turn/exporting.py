"""Feedback written to a file for whoever trains elsewhere; the consumer's watermark moves last."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from dspyui_core.data_exporter import Exported, Format, Wanted, moment
from dspyui_core.feedback import Rating
from dspyui_core.records import Record
from dspyui_core.spec import read_spec
from dspyui_core.turn.asked import MOST, ProgramFile
from dspyui_core.workspace import Workspace

__all__ = ["ExportRequest", "export_feedback"]


def _start(value: Any) -> Any:
    return moment(value) if isinstance(value, str) else value


def _end(value: Any) -> Any:
    return moment(value, end=True) if isinstance(value, str) else value


class ExportRequest(Record):
    """Which feedback of which program is written, how, and where."""

    program: ProgramFile
    out: Path | None = Field(
        None,
        title="Output file",
        description="The file; by default a new one in the folder exports of the home.",
    )
    format: Format = Field("csv", description="How the rows are written.")
    rating: Rating | None = Field(None, description="Only feedback with this rating.")
    since: Annotated[datetime | None, BeforeValidator(_start)] = Field(
        None, description="Only feedback from this time on; UTC where it names no zone."
    )
    until: Annotated[datetime | None, BeforeValidator(_end)] = Field(
        None, description="Only feedback up to this time; a date means all of that day."
    )
    version: int | None = Field(None, ge=1, le=MOST, description="Only answers of this version.")
    limit: int | None = Field(
        None, ge=1, le=MOST, description="At most this many rows, the oldest first."
    )
    consumer: str | None = Field(
        None,
        description="Only what this consumer has not had, which is remembered; goes with limit, "
        "with no other filter.",
    )

    def wanted(self) -> Wanted:
        """The request's part that chooses rows."""
        return Wanted(
            rating=self.rating,
            since=self.since,
            until=self.until,
            version=self.version,
            limit=self.limit,
            consumer=self.consumer,
        )


def export_feedback(ws: Workspace, request: ExportRequest) -> Exported:
    """Write what a request asks for; the watermark of its consumer moves last.

    Raises SpecError, and what `DataExporter.deliver` raises.
    """
    name = read_spec(request.program).name
    out = request.out or _new_file(ws, name, request.format)
    return ws.exporter.deliver(name, request.wanted(), format=request.format, out=out)


def _new_file(ws: Workspace, name: str, format: str) -> Path:
    """A file that no other export has, so that a scheduled one never overwrites the last."""
    folder = ws.home / "exports"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.{format}"
