"""`dspyui export`: feedback as training data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli import output
from deployments.cli.options import Name


def export(
    name: Name,
    format: Annotated[str, typer.Option("--format", help="csv, json or jsonl.")] = "csv",
    rating: Annotated[
        str | None, typer.Option("--rating", help="Only thumbs_up or only thumbs_down.")
    ] = None,
    consumer: Annotated[
        str | None,
        typer.Option("--consumer", help="Only what this consumer has not had; it is remembered."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file; by default standard output.")
    ] = None,
) -> None:
    """Write the rows that users rated or corrected; a correction wins over the answer."""
    from dspyui_core.data_exporter import write_pieces
    from dspyui_core.workspace import Workspace

    exporter = Workspace.open().exporter
    upto = exporter.position(name)
    pieces = exporter.export_streaming(name, rating, format, consumer=consumer, upto=upto)
    if out is None:
        output.text("".join(pieces).rstrip("\n"))
    else:
        write_pieces(pieces, out)
        output.say(f"written to {out}")
    if consumer is not None:
        exporter.acknowledge(name, consumer, upto)
