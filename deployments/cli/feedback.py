"""`dspyui feedback`: what users say of the answers, one piece at a time; more is in its files."""

from __future__ import annotations

from typing import Annotated

import typer

from deployments.cli import feedback_import, feedback_stats, output
from deployments.cli.completion import ratings
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json
from deployments.cli.predict import pairs

app = typer.Typer(help="What users say of the answers.", no_args_is_help=True)

ADD = page(
    "dspyui feedback add tr-2d3e --rating thumbs_up --user ana",
    ("dspyui feedback add tr-2d3e --rating thumbs_down -c intent=card_arrival", "a correction"),
    ("dspyui feedback add tr-2d3e -c intent=card_arrival", "a correction and no rating"),
    "dspyui feedback add tr-2d3e --rating thumbs_down --comment 'not what I asked' --dry-run",
)
RETRACT = page(
    ("dspyui feedback retract tr-2d3e --user ana", "all that ana said of this answer"),
    ("dspyui feedback retract tr-2d3e --user ana --dry-run", "did she say anything?"),
)

Trace = Annotated[str, typer.Argument(help="The answer's trace id.", show_default=False)]
Key = Annotated[
    str | None, typer.Option("--key", help="Idempotency key: repeating it records nothing.")
]


@app.callback()
def _noun() -> None:
    """What users say of the answers."""


@app.command("add", epilog=ADD)
def add(
    trace: Trace,
    rating: Annotated[
        str | None,
        typer.Option(
            "--rating",
            help="thumbs_up or thumbs_down; may be left out with a correction.",
            autocompletion=ratings,
        ),
    ] = None,
    correct: Annotated[
        list[str] | None,
        typer.Option("--correct", "-c", help="OUTPUT=VALUE: what it should have been."),
    ] = None,
    comment: Annotated[str | None, typer.Option(help="In the user's words.")] = None,
    user: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Record a rating, a correction or a comment on one answer; durable when it returns.

    The latest word of each user on an answer counts. Outputs that a correction does not name stay
    as they were predicted.
    """
    from deployments.events import launching

    corrected = pairs(correct, "--correct") if correct else None
    if dry_run:
        from deployments.cli.dry_run import looking, told

        with looking() as ws:
            checked = ws.feedback.check_feedback(trace, rating, corrected, comment)
        content = {"trace_id": trace, "program": checked.program, **checked.payload}
        told(content, f"acceptable feedback for {checked.program}", as_json)
        return
    with launching() as ws:
        entry = ws.feedback.record_feedback(
            trace, rating, corrected, comment, user, idempotency_key=key
        )
    if as_json:
        output.document({"trace_id": trace, "position": entry.position, "program": entry.program})
    else:
        output.text(f"recorded at position {entry.position} for {entry.program}")


@app.command("retract", epilog=RETRACT)
def retract(
    trace: Trace,
    user: Annotated[
        str | None, typer.Option(help="Who said it; by default somebody without a name.")
    ] = None,
    authenticated: Annotated[
        bool, typer.Option("--authenticated", help="The user was authenticated when they said it.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take back all that a user said of an answer.

    It counts no more, in turns and in exports; that it was said stays recorded, until it is
    forgotten. Repeating it records nothing.
    """
    from deployments.events import launching

    if dry_run:
        from deployments.cli.dry_run import looking, told

        with looking() as ws:
            checked = ws.feedback.check_retraction(trace, user, authenticated=authenticated)
        content = {"trace_id": trace, "program": checked.program, **checked.payload}
        told(content, f"would take back feedback for {checked.program}", as_json)
        return
    with launching() as ws:
        entry = ws.feedback.retract_feedback(
            trace, user, idempotency_key=key, authenticated=authenticated
        )
    if as_json:
        output.document({"trace_id": trace, "position": entry.position, "program": entry.program})
    else:
        output.text(f"retracted at position {entry.position} for {entry.program}")


app.command("import", epilog=feedback_import.EPILOG)(feedback_import.import_file)
app.command("stats", epilog=feedback_stats.EPILOG)(feedback_stats.stats)
