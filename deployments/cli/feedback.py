"""`dspyui feedback`: what users say of the answers."""

from __future__ import annotations

from typing import Annotated

import typer

from deployments.cli import output
from deployments.cli.options import Json
from deployments.cli.predict import pairs

app = typer.Typer(help="What users say of the answers.", no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """What users say of the answers."""


@app.command("add")
def add(
    trace: Annotated[str, typer.Argument(help="The answer's trace id.", show_default=False)],
    rating: Annotated[
        str, typer.Option("--rating", help="thumbs_up or thumbs_down.", show_default=False)
    ],
    correct: Annotated[
        list[str] | None,
        typer.Option("--correct", "-c", help="OUTPUT=VALUE: what it should have been."),
    ] = None,
    comment: Annotated[str | None, typer.Option(help="In the user's words.")] = None,
    user: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key: repeating it records nothing.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record a rating, a correction or a comment on one answer; durable when it returns."""
    from dspyui_core.workspace import Workspace

    entry = Workspace.open().feedback.record_feedback(
        trace,
        rating,
        pairs(correct, "--correct") if correct else None,
        comment,
        user,
        idempotency_key=key,
    )
    if as_json:
        output.document({"trace_id": trace, "position": entry.position, "program": entry.program})
    else:
        output.text(f"recorded at position {entry.position} for {entry.program}")
