"""`dspyui export`: feedback as training data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import (
    Consumer,
    DryRun,
    ExportFormat,
    Limit,
    Name,
    OnlyRating,
    OnlyVersion,
    Since,
    Until,
)

if TYPE_CHECKING:
    from dspyui_core.data_exporter import Exported, Wanted

EPILOG = page(
    ("dspyui export support > rows.csv", "everything that users rated or corrected"),
    ("dspyui export support --rating thumbs_down --since 2025-01-01", "complaints of this year"),
    (
        "dspyui export support --consumer crm --format jsonl --out new.jsonl",
        "only what this consumer has not had yet",
    ),
    ("dspyui export support --consumer crm --dry-run", "count it, and remember nothing"),
)


def export(
    name: Name,
    format: ExportFormat = "csv",
    rating: OnlyRating = None,
    since: Since = None,
    until: Until = None,
    version: OnlyVersion = None,
    limit: Limit = None,
    consumer: Consumer = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file; by default standard output.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="The rows as JSON; with --out, what was written as JSON."),
    ] = False,
) -> None:
    """Write the rows that users rated or corrected.

    A correction wins over the answer. A row per answer and user, with the user's last word. A
    column of ours (trace_id, user_id, rating, comment, version, position) that the program has a
    field for is called feedback_rating and so on. A consumer gets each piece of feedback once; a
    later correction is a new piece.
    """
    from dspyui_core.data_exporter import Wanted
    from dspyui_core.workspace import Workspace

    times = period(since, until)
    wanted = Wanted(rating=rating, version=version, limit=limit, consumer=consumer, **times)
    wanted.check()
    if dry_run:
        show_plan(name, wanted, out, as_json)
        return
    exporter = Workspace.open().exporter
    if out is not None:
        _told(exporter.deliver(name, wanted, format=format, out=out), as_json)
        return
    found = exporter.collect(name, wanted)
    output.pieces(found.pieces("json" if as_json else format))
    if consumer is not None:
        exporter.acknowledge(name, consumer, found.position)


def period(since: str | None, until: str | None) -> dict[str, Any]:
    """Both ends of a period as times; BadParameter where one is no time."""
    return {"since": _time(since, "--since"), "until": _time(until, "--until")}


def show_plan(name: str, wanted: Wanted, out: Path | None, as_json: bool) -> None:
    """Print how many rows an export would have."""
    from deployments.cli.dry_run import looking, told

    with looking() as ws:
        before = ws.exporter.watermark(name, wanted.consumer)
        found = ws.exporter.collect(name, wanted)
        rows = found.count()
    content = {
        "program": name,
        "rows": rows,
        "path": None if out is None else str(out),
        "consumer": wanted.consumer,
        "position": found.position,
    }
    words = f"{name}: {counted(rows)} would be written"
    if wanted.consumer is not None:
        words += f"\n  {wanted.consumer} has had position {before}, would have {found.position}"
    told(content, words, as_json)


def counted(rows: int) -> str:
    """`1 row`, `2 rows`."""
    return f"{rows} row" if rows == 1 else f"{rows} rows"


def _time(text: str | None, option: str) -> Any:
    from dspyui_core.data_exporter import moment

    try:
        return None if text is None else moment(text, end=option == "--until")
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _told(found: Exported, as_json: bool) -> None:
    if as_json:
        output.document(found.model_dump(mode="json"))
    else:
        output.say(f"{counted(found.rows)} written to {found.path}")
