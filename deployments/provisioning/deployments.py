"""Work pools, global limits and deployments of a Prefect server, brought to what is wanted."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.provisioning.desk import Desk
from deployments.provisioning.going_on import HEARTBEAT_SECONDS
from deployments.provisioning.records import ClockTime, Wanted
from deployments.provisioning.variables import folder_variable

TAG = "dspyui"
_STEP = "deployments.provisioning.pulling.enter_workspace"
# Intervals are counted from here, so that deploying again does not move them.
_ANCHOR = datetime(2020, 1, 1, tzinfo=UTC)
_PAGE = 200
# How often a run says that it lives, on whatever worker: `going_on` waits for it.
_HEARD = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}


def settle_pool(desk: Desk, name: str) -> None:
    """A work pool of this name: one that is there stays as it is, whatever its type."""
    client, piece = desk.client, f"work pool {name}"
    try:
        client.read_work_pool(name)
        desk.leave(piece)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        pool = WorkPoolCreate(name=name, type=ProcessWorker.type, base_job_template=template)
        desk.do("created", piece, lambda: _once(client.create_work_pool, pool))


def _once(create: Callable[..., object], *what: object) -> None:
    # Somebody else may be as fast, and the client repeats a request whose answer was lost.
    with suppress(ObjectAlreadyExists):
        create(*what)


def settle_limit(desk: Desk, name: str) -> None:
    """A global concurrency limit of one."""
    client, piece = desk.client, f"limit {name}"
    try:
        found = client.read_global_concurrency_limit_by_name(name)
        deed = "updated"
    except ObjectNotFound:
        found, deed = None, "created"
    if found is not None and found.limit == 1 and found.active:
        desk.leave(piece)
    else:
        write = client.upsert_global_concurrency_limit_by_name
        desk.do(deed, piece, lambda: _once(write, name, 1))


def settle_deployment(desk: Desk, wanted: Wanted) -> UUID | None:
    """A deployment as it is wanted; its id, None for one that a dry run did not create."""
    client, piece = desk.client, f"deployment {wanted.label}"
    content = _content(wanted)
    try:
        found = client.read_deployment_by_name(wanted.label)
    except ObjectNotFound:
        return desk.do("created", piece, lambda: _write(desk, wanted, content))
    if wanted.trigger is None and not desk.dry_run:
        # What `prefect deploy` gave it of prefect.yaml's triggers; other people's stay.
        client.delete_resource_owned_automations(_owner(found.id))
    if _facts(found) == _wanted_facts(content):
        desk.leave(piece)
    else:
        desk.do("updated", piece, lambda: _write(desk, wanted, content))
    return found.id


def clear_deployments(desk: Desk, folder: Path, keep: Collection[str]) -> tuple[str, ...]:
    """Remove this workspace's deployments that nothing asks for any more, and their triggers.

    Returns the global limits that only these had. The runs that there were stay.
    """
    limits: list[str] = []
    for found in _ours(desk, folder):
        label = f"{desk.client.read_flow(found.flow_id).name}/{found.name}"
        if label not in keep:
            desk.do("removed", f"deployment {label}", partial(_remove, desk, found.id))
            limits += [tag for tag in found.tags if tag.startswith(f"{TAG}-program-")]
    return tuple(dict.fromkeys(limits))


def clear_limit(desk: Desk, name: str) -> None:
    """Remove the global limit of a program that is gone."""
    remove = desk.client.delete_global_concurrency_limit_by_name
    desk.do("removed", f"limit {name}", lambda: remove(name))


def _ours(desk: Desk, folder: Path) -> Iterator[DeploymentResponse]:
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    start, found = 0, []
    while not start or len(found) == _PAGE:
        found = desk.client.read_deployments(deployment_filter=ours, limit=_PAGE, offset=start)
        yield from (one for one in found if one.pull_steps == _steps(folder))
        start += _PAGE


def _remove(desk: Desk, deployment: UUID) -> None:
    desk.client.delete_resource_owned_automations(_owner(deployment))
    desk.client.delete_deployment(deployment)


def _owner(deployment: UUID) -> str:
    return f"prefect.deployment.{deployment}"


def _write(desk: Desk, wanted: Wanted, content: dict[str, Any]) -> UUID:
    flow = desk.client.create_flow_from_name(wanted.flow)
    return desk.client.create_deployment(flow_id=flow, name=wanted.name, **content)


def _content(wanted: Wanted) -> dict[str, Any]:
    """What Prefect's client is told to create."""
    collision = wanted.collision and ConcurrencyLimitStrategy(wanted.collision)
    return {
        "entrypoint": wanted.entrypoint,
        "description": wanted.description,
        "tags": list(wanted.tags),
        "parameters": {} if wanted.request is None else {"request": wanted.request},
        "parameter_openapi_schema": _schema(wanted.entrypoint),
        "enforce_parameter_schema": True,
        "pull_steps": _steps(wanted.folder),
        "work_pool_name": wanted.pool,
        "job_variables": {"env": _HEARD},
        "schedules": [_schedule(time) for time in wanted.schedules],
        "concurrency_limit": wanted.limit,
        "concurrency_options": collision and ConcurrencyOptions(collision_strategy=collision),
    }


def _steps(folder: Path) -> list[dict[str, Any]]:
    # A relative program path starts here; a person may say that the workers have it elsewhere.
    return [{_STEP: {"directory": f"{{{{ prefect.variables.{folder_variable(folder)} }}}}"}}]


def _schema(entrypoint: str) -> dict[str, Any]:
    """The form of a flow's request, as the user interface draws it."""
    module, _, name = entrypoint.rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    return flow.parameters.model_dump_for_openapi()


def _schedule(time: ClockTime) -> DeploymentScheduleCreate:
    if time.cron is not None:
        when = CronSchedule(cron=time.cron, timezone=time.timezone)
    else:
        every = timedelta(seconds=time.interval or 0)
        when = IntervalSchedule(interval=every, anchor_date=_ANCHOR, timezone=time.timezone)
    own = {} if time.request is None else {"request": time.request}
    return DeploymentScheduleCreate(
        schedule=when, active=time.active, slug=time.slug, parameters=own
    )


def _wanted_facts(content: dict[str, Any]) -> dict[str, Any]:
    """What is wanted, in the words of `_facts`."""
    return {**content, "tags": set(content["tags"]), "schedules": _plain(content["schedules"])}


def _facts(found: DeploymentResponse) -> dict[str, Any]:
    """Everything about a deployment that provisioning decides, to be compared."""
    limit = found.global_concurrency_limit
    return {
        "entrypoint": found.entrypoint,
        "description": found.description,
        "tags": set(found.tags),
        "parameters": found.parameters,
        "parameter_openapi_schema": found.parameter_openapi_schema,
        "enforce_parameter_schema": found.enforce_parameter_schema,
        "pull_steps": found.pull_steps,
        "work_pool_name": found.work_pool_name,
        "job_variables": found.job_variables,
        "schedules": _plain(found.schedules),
        "concurrency_limit": None if limit is None else limit.limit,
        "concurrency_options": found.concurrency_options,
    }


def _plain(schedules: Any) -> list[Any]:
    return sorted(
        (s.slug, s.active, s.schedule.model_dump_json(), str(s.parameters)) for s in schedules
    )
