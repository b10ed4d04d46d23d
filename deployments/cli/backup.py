"""`dspyui backup`: the whole home in one file, while it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json

if TYPE_CHECKING:
    from dspyui_core.upkeep import Backup

EPILOG = page(
    ("dspyui backup", "into the home's own folder of backups, named by the time"),
    ("dspyui backup /mnt/safe/monday.tar", "onto another disk, which is where a backup belongs"),
    ("dspyui backup --dry-run", "how much it would be, and whether all of it is in the home"),
)


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(help="The file to write; by default backups/TIME.tar in the home."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out an MLflow that is not in the home.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write the whole home to one file, while it is in use.

    The journal, the ledgers, the turns, MLflow's record and models, and the datasets, all as of one
    moment; `dspyui restore` makes a home of it again. Not in it: other backups, cached answers of
    LMs, and Prefect's own record of runs. Where a part of the state is not in the home, nothing is
    written.
    """
    from dspyui_core.settings import Settings
    from dspyui_core.upkeep import back_up, plan_backup
    from dspyui_core.workspace import Workspace

    # Not opened: there must be a home already, and it is kept as it is.
    ws = Workspace(Settings.read())
    if dry_run:
        from deployments.cli.dry_run import told

        plan = plan_backup(ws, file, partial=partial)
        words = f"{plan.path}: {plan.files} files, {size(plan.bytes)} would be written"
        told(plan.model_dump(mode="json"), "\n".join([words, *missing(plan.elsewhere)]), as_json)
        return
    made = back_up(ws, file, partial=partial)
    if as_json:
        output.document(made.model_dump(mode="json"))
    else:
        output.text("\n".join([f"{made.path}: {described(made)}", *inside(made)]))


def described(found: Backup) -> str:
    """How much a backup is."""
    return f"{found.files} files, {size(found.bytes)}"


def inside(found: Backup) -> list[str]:
    """What a backup has, a line each."""
    has = found.contents
    serving = [f"{name} version {version}" for name, version in has.champions.items()]
    return [
        f"  journal up to position {has.position}: predictions {has.predictions}, "
        f"feedback {has.feedback}",
        f"  turns {has.turns}, decisions {has.decisions}, versions {has.versions}, "
        f"schema {has.revision}",
        f"  serving: {', '.join(serving) or 'nobody'}",
        *missing(found.elsewhere),
    ]


def missing(elsewhere: tuple[str, ...]) -> list[str]:
    """What is not in a backup, a line each."""
    return [f"  NOT in it: {place}" for place in elsewhere]


def size(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / 1e6:.1f} MB"
