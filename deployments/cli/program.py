"""`dspyui program`: look at a program spec, score a version on a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli import output
from deployments.cli.completion import spec_files
from deployments.cli.help import page
from deployments.cli.options import Json, Name

app = typer.Typer(help="Look at a program spec, score a version on a file.", no_args_is_help=True)

CHECK = page("dspyui program check programs/support.yaml")
EVALUATE = page(
    ("dspyui program evaluate support test.csv", "the champion on a labelled file"),
    ("dspyui program evaluate support test.csv --version 1 --json", "with every answer"),
)


@app.callback()
def _noun() -> None:
    """Look at a program spec, score a version on a file."""


@app.command("check", epilog=CHECK)
def check(
    file: Annotated[
        Path, typer.Argument(help="The program spec, a YAML file.", autocompletion=spec_files)
    ],
    as_json: Json = False,
) -> None:
    """Validate a spec and build its program; every problem is told at once.

    Doubts (an output that the program may not give, a key that is not there) are told, too.
    """
    from dspyui_core.compiler import check_program
    from dspyui_core.settings import Settings

    found = check_program(file, workspace=Settings.read().workspace)
    if as_json:
        output.document(found.model_dump(mode="json"))
        return
    lines = [
        f"{found.program}: {found.signature}",
        f"  module {found.module}, metric {found.metric}, optimizer {found.optimizer}, "
        f"LM {found.lm}",
        *(f"  ? {warning}" for warning in found.warnings),
        *([f"  key: {found.key}"] if found.key else []),
        f"  spec {found.spec_hash[:12]} is valid",
    ]
    output.text("\n".join(lines))


@app.command("evaluate", epilog=EVALUATE)
def evaluate(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A CSV, JSON, JSONL or Parquet file with labels.")],
    version: Annotated[
        int | None, typer.Option(min=1, help="A version; by default the champion.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a version on a labelled file that is no part of the loop.

    Nothing is recorded, and nothing of the file reaches a later turn. Copies and rows that do not
    fit the signature are skipped, and counted.
    """
    from deployments.cli.progress import progress
    from dspyui_core.turn import score_file
    from dspyui_core.workspace import Workspace

    with progress(f"scoring {name}") as tell:
        found = score_file(Workspace.open(), name, file, version=version, on_progress=tell)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.text(
            f"{found.program} version {found.version}: {found.metric} {found.score:.3f}, "
            f"95% interval {found.interval.low:.3f} to {found.interval.high:.3f}\n"
            f"  {found.rows} rows, {found.skipped} skipped, {found.failed} failed"
        )
