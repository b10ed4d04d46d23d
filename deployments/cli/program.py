"""`dspyui program`: look at a program spec, score and replay its versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli import (
    model_holds,
    output,
    program_judge,
    program_rebuild,
    program_replay,
    program_report,
    program_scoring,
)
from deployments.cli.completion import spec_files
from deployments.cli.help import page
from deployments.cli.options import Json

app = typer.Typer(
    help="Look at a program spec, score and replay its versions.", no_args_is_help=True
)

CHECK = page("dspyui program check programs/support.yaml")


@app.callback()
def _noun() -> None:
    """Look at a program spec, score and replay its versions."""


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


app.command("rebuild", epilog=program_rebuild.EPILOG)(program_rebuild.rebuild)
app.command("pause", epilog=model_holds.PAUSE)(model_holds.pause)
app.command("resume", epilog=model_holds.RESUME)(model_holds.resume)
app.command("judge", epilog=program_judge.EPILOG)(program_judge.judge)
app.command("evaluate", epilog=program_scoring.EVALUATE)(program_scoring.evaluate)
app.command("replay", epilog=program_replay.EPILOG)(program_replay.replay)
app.command("rescore", epilog=program_scoring.RESCORE)(program_scoring.rescore)
app.command("report", epilog=program_report.REPORT)(program_report.report)
app.command("curve", epilog=program_report.CURVE)(program_report.curve)
