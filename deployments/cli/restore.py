"""`dspyui restore`: a home again from a backup, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.backup import described, inside
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json

if TYPE_CHECKING:
    from dspyui_core.upkeep import Restored

EPILOG = page(
    ("DSPYUI_HOME=.restored dspyui restore monday.tar", "a home beside the one in use"),
    (
        "dspyui restore monday.tar --dry-run",
        "read it to the end, compare its hashes, say what it has",
    ),
    exits="0 done, 1 failed, or a champion of the restored home does not load, "
    "2 bad usage or bad input",
)


def restore(
    file: Annotated[
        Path, typer.Argument(help="A file that dspyui backup wrote.", show_default=False)
    ],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a home of a backup.

    The home is DSPYUI_HOME, at any path; it must not exist or be empty. Every file is compared with
    its hash, the databases are checked, and then all of it takes its place at once. At last each
    champion is loaded. A backup that an earlier version wrote is upgraded when the home is used.
    """
    from dspyui_core.settings import Settings
    from dspyui_core.upkeep import inspect_backup, restore_home
    from dspyui_core.workspace import Workspace

    ws = Workspace(Settings.read())
    if dry_run:
        from deployments.cli.dry_run import told

        found = inspect_backup(ws, file)
        words = f"{ws.home} would have {described(found)}, of {found.at:%Y-%m-%dT%H:%M:%S}"
        told(found.model_dump(mode="json"), "\n".join([words, *inside(found)]), as_json)
        return
    made = restore_home(ws, file)
    if as_json:
        output.document(made.model_dump(mode="json"))
    else:
        output.text("\n".join(_told(made)))
    raise typer.Exit(output.DONE if made.serves else output.FAILED)


def _told(made: Restored) -> list[str]:
    found = made.backup
    loads = [
        f"  {champion.program} version {champion.version} "
        + (f"does NOT load: {champion.problem}" if champion.problem else "loads")
        for champion in made.champions
    ]
    head = f"{made.home}: {described(found)}, of {found.at:%Y-%m-%dT%H:%M:%S}"
    return [head, *inside(found), *loads]
