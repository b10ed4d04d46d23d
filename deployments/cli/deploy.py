"""`dspyui deploy`: give a Prefect server what the programs of this workspace need."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.cli import output
from deployments.cli.help import page
from deployments.cli.options import DryRun, Json

if TYPE_CHECKING:
    from deployments.provisioning import Provisioned

EPILOG = page(
    ("dspyui deploy", "deployments, schedules, triggers and limits of every spec in programs/"),
    ("dspyui deploy --dry-run", "what would be created, changed and removed"),
    ("dspyui deploy --json", "for a program to read"),
    ("PREFECT_API_URL=http://prefect:4200/api dspyui deploy", "another server than the home's"),
)
DEEDS = ("created", "updated", "removed")


def deploy(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Create or update the deployments of every program in this workspace.

    Each spec in programs/ gets its own: its turns by its `schedule` and its `trigger`, its
    champion's watch and rescore. Repeating it changes nothing; those of specs that are gone are
    removed. Without PREFECT_API_URL it is the server that `dspyui up` runs.
    """
    from deployments.prefect_server import prefect_environment
    from deployments.provisioning import provision
    from dspyui_core.settings import Settings

    settings = Settings.read()
    url = _server(settings.home.resolve())
    prefect_environment(settings.home)
    _keep_prefect_quiet(settings.home, dry_run=dry_run)
    done = provision(url, settings.workspace, notify=settings.notify, dry_run=dry_run)
    if as_json:
        output.document(done.model_dump(mode="json"))
    else:
        output.text(words(done))


def words(done: Provisioned) -> str:
    """What was done, for people: what changed piece by piece, what did not as a number."""
    programs = ", ".join(done.programs) or "no program: write a spec into programs/"
    told = [f"{deed:<9} {piece}" for deed in DEEDS for piece in getattr(done, deed)]
    same = [f"unchanged {len(done.unchanged)} others"] if done.unchanged else []
    note = ["dry run: nothing was changed"] if done.dry_run else []
    return "\n  ".join([f"{done.api_url}: {programs}", *told, *same, *note])


def _keep_prefect_quiet(home: Path, *, dry_run: bool) -> None:
    """Make the folder that Prefect's client wants, or let it do without one."""
    if dry_run:
        warnings.filterwarnings("ignore", "Failed to create the Prefect home directory")
    else:
        (home / "prefect").mkdir(parents=True, exist_ok=True)


def _server(home: Path) -> str:
    """The address that runs are to be given to. Raises ServerError where there is none."""
    from deployments.prefect_api import api_url
    from deployments.prefect_server import API_URL
    from dspyui_core.errors import ServerError

    url = api_url(home)
    if url is None:
        hint = f"dspyui up starts one, or name yours in {API_URL}"
        raise ServerError("there is no Prefect server to deploy to", hint=hint)
    return url
