"""`dspyui dataset merge`: two data files as one, in which gold stays gold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import spec_files
from deployments.cli.help import GATED_EXITS, page
from deployments.cli.options import DryRun, Json

if TYPE_CHECKING:
    from dspyui_core.turn import Merged

MERGE = page(
    (
        "dspyui dataset merge gold.csv reviewed.csv -p programs/support.yaml --out data/all.csv",
        "add reviewed rows to your own; stop where the two contradict each other",
    ),
    (
        "dspyui dataset merge gold.csv silver.jsonl -p programs/support.yaml --out all.csv "
        "--conflicts look.csv",
        "keep your own rows, and write what contradicts them to a file",
    ),
    (
        "dspyui dataset merge gold.csv silver.csv -p programs/support.yaml --out all.csv --dry-run",
        "count what would be added and what contradicts, and write nothing",
    ),
    (
        "dspyui dataset merge a.csv b.csv --key text --label intent --out all.parquet",
        "without a program, by the columns of the input and of the label",
    ),
    exits=GATED_EXITS,
)
_SHOWN = 5


def merge(
    first: Annotated[Path, typer.Argument(help="The file whose rows stay as they are: gold.")],
    second: Annotated[Path, typer.Argument(help="The file that adds to it.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The merged file: .csv, .json, .jsonl, .parquet.")
    ],
    program: Annotated[
        Path | None,
        typer.Option(
            "--program",
            "-p",
            help="The program spec whose fields say which rows are about one input.",
            autocompletion=spec_files,
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", "-k", help="A column of the input, instead of a program; repeat it."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", help="A column of the label, with --key; repeat it."),
    ] = None,
    conflicts: Annotated[
        Path | None,
        typer.Option(
            "--conflicts", help="Where rows go that contradict an earlier one; else they stop it."
        ),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Merge two data files; for one input the first file's row stays, whatever the second says.

    Rows that say the same again, with other case or spaces too, are taken once. A row that gives an
    input another label is a conflict: nothing is written then, unless --conflicts names a file for
    these rows. Cells are written as they were read.
    """
    from deployments.cli.dry_run import done
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import MergeRequest, merge_files

    request = MergeRequest(
        first=first,
        second=second,
        out=out,
        spec=None if program is None else read_spec(program),
        keys=tuple(key or ()),
        labels=tuple(label or ()),
        conflicts=conflicts,
    )
    found = merge_files(request, dry_run=dry_run)
    done(found.model_dump(mode="json"), _words(found, dry_run), as_json, dry_run=dry_run)
    raise typer.Exit(output.GATE_SAID_NO if found.refused else output.DONE)


def _words(found: Merged, dry_run: bool) -> str:
    taken = f"{found.first:,} of the first file, {found.second:,} of the second"
    again = f"{found.repeated:,} said again"
    done = "would be merged" if found.refused or dry_run else f"merged into {found.out}"
    lines = [f"{found.rows:,} rows {done}: {taken}; {again}"]
    if found.conflicting:
        goes = "for" if dry_run else "written to"
        where = f", {goes} {found.conflicts_file}" if found.conflicts_file else ""
        which = "1 row contradicts" if found.conflicting == 1 else None
        which = which or f"{found.conflicting:,} rows contradict"
        lines.append(f"{which} an earlier one{where}")
    for one in found.conflicts[:_SHOWN]:
        lines.append(
            f"  {one.file} row {one.row} says {_said(one.says)}; "
            f"{one.kept_file} row {one.kept_row} says {_said(one.kept_says)}"
        )
    if found.refused:
        lines.append("nothing was written: correct these rows, or name a file with --conflicts")
    return "\n".join(lines)


def _said(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels.items())
