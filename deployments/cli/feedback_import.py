"""`dspyui feedback import`: a file of feedback, recorded once, all of it or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json

if TYPE_CHECKING:
    from dspyui_core.feedback import Imported

EPILOG = page(
    ("dspyui feedback import ratings.csv --dry-run", "every problem, with its row"),
    "dspyui feedback import ratings.csv",
    ("dspyui feedback import reviewed.jsonl --authenticated", "you know who these users are"),
)


def import_file(
    file: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSON Lines or Parquet.", show_default=False)
    ],
    authenticated: Annotated[
        bool, typer.Option("--authenticated", help="You know that the users are who they say.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Record a file of feedback; importing it again records nothing twice.

    Columns: trace_id, and of rating, user_id, comment, corrected_output (a JSON object, or the
    value where there is one output), corrected.OUTPUT, retracted and idempotency_key those that
    there are. A blank cell says nothing. Those of an export may stay: its rows are taken where
    something was filled in or changed. Where one row is wrong, nothing is recorded.
    """
    from deployments.events import launching

    if dry_run:
        from deployments.cli.dry_run import looking, told

        with looking() as ws:
            planned = ws.feedback.check_import(file, authenticated=authenticated)
        told(planned.model_dump(mode="json"), _told(planned, "would be recorded"), as_json)
        return
    with launching() as ws:
        done = ws.feedback.import_feedback(file, authenticated=authenticated)
    if as_json:
        output.document(done.model_dump(mode="json"))
    else:
        output.text(_told(done, "recorded"))


def _told(found: Imported, recorded: str) -> str:
    words = f"{found.recorded} of {found.rows} rows {recorded}, {found.repeated} were there before"
    lines = [f"{found.path}: {words}"]
    if found.retracted:
        lines.append(f"  {found.retracted} of them take back what was said")
    if found.stale:
        shown = ", ".join(map(str, found.stale_rows))
        more = ", ..." if found.stale > len(found.stale_rows) else ""
        lines += [
            f"  {found.stale} were recorded before, and their users have said something else "
            f"since: rows {shown}{more}",
            "  where they say it once more, give those rows an idempotency_key",
        ]
    return "\n".join(lines)
