"""`dspyui model register`, `promote`, `rollback`, `acknowledge`: what a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json, Name, Reason

if TYPE_CHECKING:
    from dspyui_core.promotion import LedgerEntry
    from dspyui_core.turn import Adopted

REGISTER = page(
    ("dspyui model register support-0003", "the candidate of that turn"),
    ("dspyui model register support-0003 --dry-run", "is it there, is it new?"),
)
PROMOTE = page(
    ("dspyui model promote support --reason 'reads well'", "the waiting challenger"),
    "dspyui model promote support 3 --reason 'needed before Monday'",
    ("dspyui model promote support 3 -r 'a look' --dry-run", "who would serve instead of whom"),
)
ROLLBACK = page(
    ("dspyui model rollback support --reason complaints", "back to the champion before"),
    "dspyui model rollback support --to 2 --reason 'the last good one'",
    "dspyui model rollback support --reason 'a look' --dry-run",
)
ACKNOWLEDGE = page("dspyui model acknowledge support --reason 'ana moved it on purpose'")


def register(
    run: Annotated[
        str, typer.Argument(help="A turn's id, or an MLflow run's.", show_default=False)
    ],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a version of a candidate that its turn did not release.

    Refused and inconclusive candidates stay in their runs. The version serves nobody until it is
    promoted; the same program is the same version, however often it is registered.
    """
    from deployments.cli.dry_run import looking, told
    from dspyui_core.turn import adopt_run, would_adopt
    from dspyui_core.workspace import Workspace

    if dry_run:
        with looking() as ws:
            planned = would_adopt(ws, run)
        there = f"is version {planned.version} already" if planned.known else "would be registered"
        told(planned.model_dump(mode="json"), f"{planned.program}: this candidate {there}", as_json)
        return
    adopted = adopt_run(Workspace.open(), run)
    if as_json:
        output.document(adopted.model_dump(mode="json"))
    else:
        output.text(_registered(adopted))


def promote(
    name: Name,
    reason: Reason,
    version: Annotated[
        int | None, typer.Argument(min=1, help="The version; by default the waiting challenger.")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a version the champion, through the decision ledger."""
    from deployments.cli.dry_run import show_change
    from deployments.events import launching
    from deployments.waiting import end_answered

    if dry_run:
        show_change(lambda releases: releases.would_promote(name, version), as_json)
        return
    with launching() as ws:
        _told(ws.promote(name, version, reason=reason), as_json)
        end_answered(ws)


def rollback(
    name: Name,
    reason: Reason,
    to: Annotated[
        int | None,
        typer.Option("--to", min=1, help="The version; by default the champion before."),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Let an earlier champion serve again, through the decision ledger."""
    from deployments.cli.dry_run import show_change
    from deployments.events import launching

    if dry_run:
        show_change(lambda releases: releases.would_roll_back(name, to), as_json)
        return
    with launching() as ws:
        _told(ws.rollback(name, to, reason=reason), as_json)


def acknowledge(name: Name, reason: Reason, as_json: Json = False) -> None:
    """Accept a champion that was moved by hand in MLflow, so that turns promote again.

    While such a move stands, a turn's promotion waits for approval. Promoting or rolling back by
    hand ends that, too.
    """
    from dspyui_core.workspace import Workspace

    ws = Workspace.open()
    _told(ws.releases.acknowledge(name, reason=reason, actor=ws.settings.user), as_json)


def as_document(entry: LedgerEntry) -> dict[str, Any]:
    """A decision as plain data."""
    from dataclasses import asdict

    return {**asdict(entry), "at": entry.at.isoformat()}


def _registered(adopted: Adopted) -> str:
    if adopted.known:
        return f"{adopted.program}: version {adopted.version} is this very program already"
    return (
        f"{adopted.program}: registered as version {adopted.version}, which serves nobody yet\n"
        f"  dspyui model promote {adopted.program} {adopted.version} --reason WHY"
    )


def _told(entry: LedgerEntry, as_json: bool) -> None:
    if as_json:
        output.document(as_document(entry))
    else:
        serves = "nobody" if entry.version is None else f"version {entry.version}"
        output.text(f"{entry.program}: {serves} serves (decision {entry.seq})")
