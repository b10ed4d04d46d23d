"""The whole of provisioning, in the order in which one piece needs another."""

from __future__ import annotations

from pathlib import Path

from deployments.prefect_server import API_URL, health_problem
from deployments.provisioning.desk import Desk
from deployments.provisioning.programs import read_programs
from deployments.provisioning.records import Provisioned, Wanted
from deployments.provisioning.templates import read_templates
from deployments.provisioning.wanting import wanted_deployments
from dspyui_core.errors import ServerError
from dspyui_core.settings import NotifySettings
from tasks._keys import limit_name


def provision(
    api_url: str,
    workspace: Path,
    *,
    notify: NotifySettings | None = None,
    dry_run: bool = False,
) -> Provisioned:
    """Give the Prefect server at `api_url` what the programs of the folder `workspace` need.

    That is the work pool, a global limit for each program, prefect.yaml's deployments and those of
    each spec in `programs/`, and automations. Repeating it changes nothing; what nothing asks for
    any more is removed. Raises SpecError with every problem of every spec, and ServerError where
    the server does not answer: nothing is changed then.
    """
    folder = workspace.resolve()
    templates = read_templates()
    programs = read_programs(folder, taken=[template.name for template in templates])
    wanted = wanted_deployments(templates, programs, folder)
    if problem := health_problem(api_url):
        raise ServerError(
            f"the Prefect server at {api_url} does not answer: {problem}",
            hint=f"start it with dspyui up, or correct {API_URL}; the address ends with /api",
        )
    names = tuple(program.spec.name for program in programs)
    told = _settled(api_url, wanted, names, folder, notify or NotifySettings(), dry_run)
    return Provisioned(
        api_url=api_url, workspace=folder, programs=names, dry_run=dry_run, **told.told()
    )


def _settled(
    api_url: str,
    wanted: tuple[Wanted, ...],
    programs: tuple[str, ...],
    folder: Path,
    notify: NotifySettings,
    dry_run: bool,
) -> Desk:
    """Bring the server to what is wanted; Prefect is imported here, and not before."""
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
        desk = Desk(client, dry_run=dry_run)
        settle(desk, wanted, programs, folder, notify)
    return desk


def settle(
    desk: Desk,
    wanted: tuple[Wanted, ...],
    programs: tuple[str, ...],
    folder: Path,
    notify: NotifySettings,
) -> None:
    """Bring the server of a desk to what is wanted, piece by piece."""
    from deployments.provisioning import automations, blocks, deployments, variables

    variables.settle_folder(desk, folder)
    for pool in dict.fromkeys(one.pool for one in wanted):
        deployments.settle_pool(desk, pool)
    limits = [limit_name(program) for program in programs]
    for limit in limits:
        deployments.settle_limit(desk, limit)
    for one in wanted:
        made = deployments.settle_deployment(desk, one)
        if one.trigger is not None:
            automations.settle_trigger(desk, made, one.trigger)
    automations.settle_going_on(desk)
    keep = {one.label for one in wanted}
    for limit in deployments.clear_deployments(desk, folder, keep):
        if limit not in limits:
            deployments.clear_limit(desk, limit)
    for channel, block in blocks.settle_blocks(desk, notify).items():
        automations.settle_notices(desk, channel, block)
