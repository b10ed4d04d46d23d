"""`dspyui dataset`: look at data before it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import (
    dataset_diff,
    dataset_filter,
    dataset_merge,
    dataset_show,
    dataset_suite,
    output,
)
from deployments.cli.help import GATED_EXITS, page
from deployments.cli.options import Json, Program
from deployments.cli.pages import write_page
from deployments.cli.progress import Tell, progress

if TYPE_CHECKING:
    from dspyui_core.datasets import DatasetReport

app = typer.Typer(help="Look at data before it is used.", no_args_is_help=True)

CHECK = page(
    "dspyui dataset check data/messages.csv --program programs/support.yaml",
    ("dspyui dataset check june.jsonl -p programs/support.yaml --json", "for a program to read"),
    ("dspyui dataset check june.csv -p programs/support.yaml --report june.html", "as a page"),
    exits=GATED_EXITS,
)
# From this size on a file takes long enough to say what is going on.
LARGE = 5_000_000


app.command("show", epilog=dataset_show.EPILOG)(dataset_show.show)
app.command("diff", epilog=dataset_diff.EPILOG)(dataset_diff.diff)


@app.callback()
def _noun() -> None:
    """Look at data before it is used."""


@app.command("check", epilog=CHECK)
def check(
    file: Annotated[Path, typer.Argument(help="A CSV, JSON, JSONL or Parquet file.")],
    program: Program,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the HTML page of it to this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put a file through the whole gate of a program; no state is touched.

    Tells every row that would be quarantined, with its number, the reason and the remedy. Where
    there is a home, the splits decided there and the version before count. The page needs no
    network, and shows the first rows of every reason; personal data is masked everywhere.
    """
    from deployments.cli.dry_run import existing
    from dspyui_core.settings import Settings
    from dspyui_core.turn import TurnRequest, check_data, check_page, request_spec

    spec = request_spec(TurnRequest(program=program, data=file))
    with _telling(file) as tell:
        folder = Settings.read().workspace.resolve()
        found = check_data(spec, folder, ws=existing(), on_progress=tell)
    if report is not None:
        write_page(report, check_page(spec.name, found, about=file.name))
    show_report(found, as_json)


app.command("suite", epilog=dataset_suite.SUITE)(dataset_suite.suite)
app.command("merge", epilog=dataset_merge.MERGE)(dataset_merge.merge)
app.command("filter", epilog=dataset_filter.FILTER)(dataset_filter.filter)


def show_report(report: DatasetReport, as_json: bool) -> None:
    """Print a dataset report and exit by its verdict."""
    from deployments.cli.dataset_view import show_check

    if as_json:
        output.document(report.to_json())
    else:
        show_check(report)
    raise typer.Exit(output.GATE_SAID_NO if report.verdict == "blocked" else output.DONE)


@contextmanager
def _telling(file: Path) -> Iterator[Tell]:
    """What is going on, on stderr, where a file is large."""
    if not file.is_file() or file.stat().st_size < LARGE:
        yield lambda message: None
        return
    with progress(f"checking {file.name}") as tell:
        yield tell
