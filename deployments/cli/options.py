"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from deployments.cli.completion import program_names, spec_files

# The core's own words, spelled here because a command line is built before the core is imported.
Rating = Literal["thumbs_up", "thumbs_down"]
Format = Literal["csv", "json", "jsonl", "parquet"]


def _said(reason: str) -> str:
    if not reason.strip():
        raise typer.BadParameter("say why: the ledger keeps it")
    return reason


def program_named(program: str | None) -> str | None:
    """A program's name, given that or its spec file. Raises SpecError for a file that is none."""
    if program is None or Path(program).suffix not in (".yaml", ".yml"):
        return program
    from dspyui_core.spec import read_spec

    return read_spec(Path(program)).name


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
]
Program = Annotated[
    Path,
    typer.Option(
        "--program",
        "-p",
        help="The program spec, a YAML file.",
        show_default=False,
        autocompletion=spec_files,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", "-d", help="A data file to use instead of the spec's sources."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log too.")]
Name = Annotated[
    str,
    typer.Argument(help="The program's name.", show_default=False, autocompletion=program_names),
]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why, for the ledger.", callback=_said)]
Actor = Annotated[
    str | None, typer.Option("--as", help="Who decides; by default DSPYUI_USER, or your login.")
]
ExportFormat = Annotated[Format, typer.Option("--format", help="How the rows are written.")]
OnlyRating = Annotated[Rating | None, typer.Option("--rating", help="Only this rating.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="Only feedback from this date (2025-01-31) or ISO timestamp on; UTC where it "
        "names no zone.",
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", help="Only feedback up to this time; a date means all of that day."),
]
OnlyVersion = Annotated[
    int | None, typer.Option("--version", min=1, help="Only answers of this version.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="At most this many rows, the oldest first.")
]
Consumer = Annotated[
    str | None,
    typer.Option(
        "--consumer",
        help="Only what this consumer has not had, which is remembered once it is written. Goes "
        "with --limit, with no other filter.",
    ),
]
