"""`dspyui run watch-champion`: the flow that a schedule runs, here and now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import typer

from deployments.cli import output
from deployments.cli.help import GATED_EXITS, page
from deployments.cli.options import DryRun, Json, Program, Verbose

if TYPE_CHECKING:
    from dspyui_core.turn import WatchReport

WATCH = page(
    ("dspyui run watch-champion -p programs/support.yaml", "does the new champion harm?"),
    ("dspyui run watch-champion -p programs/support.yaml --dry-run", "look, and change nothing"),
    ("dspyui run watch-champion -p programs/support.yaml --json", "for a program to read"),
    exits=GATED_EXITS,
)


def watch_champion(
    program: Program, dry_run: DryRun = False, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Compare the new champion with the one before, by ratings, failures and latency.

    One that is shown to harm is rolled back, which is put into the inbox, and the exit code is 3.
    It may be run as often as one likes: looking often makes no false alarm. With --dry-run it is
    compared without Prefect, and nothing is changed.
    """
    from dspyui_core.spec import read_spec
    from dspyui_core.turn import WatchRequest

    read_spec(program)
    request = WatchRequest(program=program)
    if dry_run:
        from dspyui_core.turn import watch_champion as look
        from dspyui_core.workspace import Workspace

        _show(look(Workspace.open(), request, dry_run=True), as_json, dry_run=True)
    from deployments.cli.flow_run import run_flow

    _show(run_flow("watch-champion", request, verbose=verbose), as_json)


def _show(found: WatchReport, as_json: bool, *, dry_run: bool = False) -> NoReturn:
    """Print what a watch found, and exit: with 3 where the champion harms."""
    if as_json:
        dried = {"dry_run": True} if dry_run else {}
        output.document({**dried, **found.model_dump(mode="json")})
    else:
        output.text("\n".join(_told(found)))
    raise typer.Exit(output.GATE_SAID_NO if found.harms else output.DONE)


def _told(found: WatchReport) -> Iterator[str]:
    would = found.harms and found.outcome == "watching"
    yield f"{found.program}: version {found.champion}: harms" if would else found.headline
    yield from (f"  • {reason}" for reason in found.reasons)
    drift = None if found.watched is None else found.watched.drift
    if drift is not None and not drift.shown:
        yield f"  • {drift.reason}"
    if found.item is not None:
        yield f"  item {found.item} in the inbox: dspyui review show {found.item}"
