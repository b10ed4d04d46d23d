"""`dspyui feedback`: what users say of the answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deployments.cli import output
from deployments.cli.completion import ratings
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json
from deployments.cli.predict import pairs

app = typer.Typer(help="What users say of the answers.", no_args_is_help=True)

ADD = page(
    "dspyui feedback add tr-2d3e --rating thumbs_up --user ana",
    ("dspyui feedback add tr-2d3e --rating thumbs_down -c intent=card_arrival", "a correction"),
    "dspyui feedback add tr-2d3e --rating thumbs_down --comment 'not what I asked' --dry-run",
)


@app.callback()
def _noun() -> None:
    """What users say of the answers."""


@app.command("add", epilog=ADD)
def add(
    trace: Annotated[str, typer.Argument(help="The answer's trace id.", show_default=False)],
    rating: Annotated[
        str,
        typer.Option(
            "--rating",
            help="thumbs_up or thumbs_down.",
            show_default=False,
            autocompletion=ratings,
        ),
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
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Record a rating, a correction or a comment on one answer; durable when it returns.

    The latest word of each user on an answer counts. Outputs that a correction does not name stay
    as they were predicted.
    """
    from dspyui_core.workspace import Workspace

    corrected = pairs(correct, "--correct") if correct else None
    if dry_run:
        _check(trace, rating, corrected, comment, as_json)
        return
    entry = Workspace.open().feedback.record_feedback(
        trace, rating, corrected, comment, user, idempotency_key=key
    )
    if as_json:
        output.document({"trace_id": trace, "position": entry.position, "program": entry.program})
    else:
        output.text(f"recorded at position {entry.position} for {entry.program}")


def _check(
    trace: str, rating: str, corrected: dict[str, Any] | None, comment: str | None, as_json: bool
) -> None:
    from deployments.cli.dry_run import looking, told

    with looking() as ws:
        checked = ws.feedback.check_feedback(trace, rating, corrected, comment)
    content = {"trace_id": trace, "program": checked.program, **checked.payload}
    told(content, f"acceptable feedback for {checked.program}", as_json)
