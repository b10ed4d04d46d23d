"""`dspyui dataset`: look at data before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import GATED_EXITS, page
from deployments.cli.options import Json, Program

if TYPE_CHECKING:
    from dspyui_core.datasets import DatasetReport

app = typer.Typer(help="Look at data before it is used.", no_args_is_help=True)

CHECK = page(
    "dspyui dataset check data/messages.csv --program programs/support.yaml",
    ("dspyui dataset check june.jsonl -p programs/support.yaml --json", "for a program to read"),
    exits=GATED_EXITS,
)


@app.callback()
def _noun() -> None:
    """Look at data before it is used."""


@app.command("check", epilog=CHECK)
def check(
    file: Annotated[Path, typer.Argument(help="A CSV, JSON, JSONL or Parquet file.")],
    program: Program,
    as_json: Json = False,
) -> None:
    """Put a file through the whole gate of a program; no state is touched.

    Tells every row that would be quarantined, with its number, the reason and the remedy.
    """
    from dspyui_core.datasets import check_dataset
    from dspyui_core.turn import TurnRequest, request_spec

    show_report(check_dataset(request_spec(TurnRequest(program=program, data=file))), as_json)


def show_report(report: DatasetReport, as_json: bool) -> None:
    """Print a dataset report and exit by its verdict."""
    if as_json:
        output.document(report.to_json())
    else:
        output.text(report.markdown())
    raise typer.Exit(output.GATE_SAID_NO if report.verdict == "blocked" else output.DONE)
