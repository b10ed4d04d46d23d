"""`dspyui run promote-model`, `rollback-model` and `export-feedback`: flows on a person's word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deployments.cli import output
from deployments.cli.export import counted, period, show_plan
from deployments.cli.help import page
from deployments.cli.options import (
    Consumer,
    DryRun,
    ExportFormat,
    Json,
    Limit,
    OnlyRating,
    OnlyVersion,
    Program,
    Reason,
    Since,
    Until,
    Verbose,
)

PROMOTE = page(
    ("dspyui run promote-model -p programs/support.yaml", "the waiting challenger"),
    "dspyui run promote-model -p programs/support.yaml --version 3 --reason 'looks right'",
)
ROLLBACK = page(
    ("dspyui run rollback-model -p programs/support.yaml", "back to the champion before"),
    "dspyui run rollback-model -p programs/support.yaml --to 2 --reason complaints",
)
EXPORT = page(
    ("dspyui run export-feedback -p programs/support.yaml", "everything, to a new file"),
    (
        "dspyui run export-feedback -p programs/support.yaml --consumer crm --format jsonl",
        "what this consumer has not had",
    ),
    "dspyui run export-feedback -p programs/support.yaml --since 2025-01-01 --out rows.csv",
)


def promote_model(
    program: Program,
    version: Annotated[
        int | None, typer.Option(min=1, help="The version; by default the waiting challenger.")
    ] = None,
    reason: Reason = "promoted by hand",
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make a version the champion on a person's word."""
    from deployments.cli.dry_run import show_change
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import PromoteRequest

    name = read_spec(program).name
    if dry_run:
        show_change(lambda releases: releases.would_promote(name, version), as_json)
        return
    request = PromoteRequest(program=program, version=version, reason=reason)
    _told_serving(_run("promote-model", request, verbose=verbose), as_json)


def rollback_model(
    program: Program,
    to: Annotated[
        int | None, typer.Option(min=1, help="The version; by default the champion before.")
    ] = None,
    reason: Reason = "rolled back by hand",
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Let an earlier champion serve again on a person's word."""
    from deployments.cli.dry_run import show_change
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import RollbackRequest

    name = read_spec(program).name
    if dry_run:
        show_change(lambda releases: releases.would_roll_back(name, to), as_json)
        return
    request = RollbackRequest(program=program, to=to, reason=reason)
    _told_serving(_run("rollback-model", request, verbose=verbose), as_json)


def export_feedback(
    program: Program,
    format: ExportFormat = "csv",
    rating: OnlyRating = None,
    since: Since = None,
    until: Until = None,
    version: OnlyVersion = None,
    limit: Limit = None,
    consumer: Consumer = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file; by default a new one in the home's exports."),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write what users rated and corrected to a file; a correction wins over the answer."""
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import ExportRequest

    name = read_spec(program).name
    chosen = {"rating": rating, "version": version, "limit": limit, "consumer": consumer}
    times = period(since, until)
    request = ExportRequest(program=program, out=out, format=format, **chosen, **times)
    request.wanted().check()
    if dry_run:
        show_plan(name, request.wanted(), out, as_json)
        return
    found = _run("export-feedback", request, verbose=verbose)
    _told(found, f"{counted(found.rows)} written to {found.path}", as_json)


def _run(flow: str, request: Any, *, verbose: bool) -> Any:
    # Only here: a wrong spec has been told by now, before the flow's imports and its server.
    from deployments.cli.flow_run import run_flow

    return run_flow(flow, request, verbose=verbose)


def _told_serving(found: Any, as_json: bool) -> None:
    _told(found, f"{found.program}: version {found.version} serves", as_json)


def _told(record: Any, words: str, as_json: bool) -> None:
    if as_json:
        output.document(record.model_dump(mode="json"))
    else:
        output.text(words)
