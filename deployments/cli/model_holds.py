"""`dspyui program pause`, `resume` and `dspyui model pin`, `unpin`: what a person holds still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json, Name, Reason

if TYPE_CHECKING:
    from dspyui_core.promotion import Hold, HoldKind

PAUSE = page(
    ("dspyui program pause support --reason 'we move the shop'", "its turns only ask, for now"),
    "dspyui program pause support --reason 'a look' --dry-run",
)
RESUME = page("dspyui program resume support --reason 'we moved'")
PIN = page(
    ("dspyui model pin support --champion --reason 'audited'", "whoever serves now"),
    ("dspyui model pin support 3 --reason 'audited'", "refused where another one serves"),
)
UNPIN = page("dspyui model unpin support --reason 'the audit is over'")


def pause(name: Name, reason: Reason, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Stop a program's turns from promoting, until it is resumed.

    They still run as far as their decision, and ask instead of promoting. A person may promote.
    """
    _hold(name, "pause", reason, dry_run=dry_run, as_json=as_json)


def resume(name: Name, reason: Reason, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Let a paused program's turns promote again."""
    _hold(name, "resume", reason, dry_run=dry_run, as_json=as_json)


def pin(
    name: Name,
    reason: Reason,
    version: Annotated[
        int | None, typer.Argument(min=1, help="The version, which has to be the champion.")
    ] = None,
    champion: Annotated[
        bool, typer.Option("--champion", help="Whichever version serves now.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Keep the champion: until it is unpinned, no turn and no `dspyui model promote` replaces it.

    Turns ask instead of promoting. A rollback is still possible, and ends the pin.
    """
    if (version is not None) == champion:
        raise typer.BadParameter("say which: a version, or --champion")
    _hold(name, "pin", reason, version=version, dry_run=dry_run, as_json=as_json)


def unpin(name: Name, reason: Reason, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Let a pinned champion be replaced again."""
    _hold(name, "unpin", reason, dry_run=dry_run, as_json=as_json)


def _hold(
    name: str,
    kind: HoldKind,
    reason: str,
    *,
    dry_run: bool,
    as_json: bool,
    version: int | None = None,
) -> None:
    from deployments.cli.dry_run import looking, told
    from deployments.cli.model_changes import as_document
    from dspyui_core.promotion import Hold, hold_still, would_hold
    from dspyui_core.workspace import Workspace

    if dry_run:
        with looking() as ws:
            planned = would_hold(ws.releases, name, kind, version=version)
        told(planned.model_dump(mode="json"), f"{_words(planned)}, if it were done", as_json)
        return
    ws = Workspace.open()
    entry = hold_still(
        ws.releases, name, kind, reason=reason, actor=ws.settings.user, version=version
    )
    if as_json:
        output.document(as_document(entry))
    else:
        done = Hold(program=name, kind=kind, version=entry.version)
        output.text(f"{_words(done)} (decision {entry.seq})")


def _words(hold: Hold) -> str:
    what = {
        "pause": "paused: its turns ask instead of promoting",
        "resume": "its turns may promote again",
        "pin": f"version {hold.version} is pinned",
        "unpin": f"version {hold.version} is pinned no more",
    }
    return f"{hold.program}: {what[hold.kind]}"
