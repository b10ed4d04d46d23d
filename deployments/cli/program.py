"""`dspyui program`: look at a program spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli import output
from deployments.cli.options import Json

app = typer.Typer(help="Look at a program spec.", no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """Look at a program spec."""


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The program spec, a YAML file.")],
    as_json: Json = False,
) -> None:
    """Validate a spec and build its program; every problem is told at once."""
    from dspyui_core.compiler import check_program
    from dspyui_core.settings import Settings

    found = check_program(file, workspace=Settings.read().workspace)
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.text(
            f"{found.program}: {found.signature}\n"
            f"  module {found.module}, metric {found.metric}, optimizer {found.optimizer}, "
            f"LM {found.lm}\n  spec {found.spec_hash[:12]} is valid"
        )
