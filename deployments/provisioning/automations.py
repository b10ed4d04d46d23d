"""Automations of a Prefect server: feedback that starts a turn, and who is told what happened."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import CallWebhook, RunDeployment, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger

from deployments.provisioning.desk import Desk
from deployments.provisioning.going_on import going_on
from deployments.provisioning.notices import NOTICES, TEXT, WEBHOOK_BODY, Notice, notice_name
from deployments.provisioning.records import Trigger
from dspyui_core.events import FEEDBACK_RECORDED
from tasks._events import OUTCOME, RESOURCE, resource_id

NOBODY = UUID(int=0)


def settle_trigger(desk: Desk, deployment: UUID | None, trigger: Trigger) -> None:
    """The automation by which feedback starts a run of a deployment.

    Of the events of one window Prefect counts up to the threshold, fires, and drops the rest: one
    run for a burst. The run begins after the debounce, and reads in the journal what there is.
    """
    automation = AutomationCore(
        name=f"{trigger.program}: feedback starts a turn",
        description=f"{trigger.feedback} pieces of feedback within {trigger.within} s",
        trigger=EventTrigger(
            expect={FEEDBACK_RECORDED},
            match={RESOURCE: resource_id(trigger.program)},
            for_each={RESOURCE},
            threshold=trigger.feedback,
            within=timedelta(seconds=trigger.within),
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=deployment or NOBODY,
                schedule_after=timedelta(seconds=trigger.debounce),
            )
        ],
        owner_resource=f"prefect.deployment.{deployment}",
    )
    _settle(desk, automation)


def settle_going_on(desk: Desk) -> None:
    """The automations by which a run that was cut off goes on."""
    for automation in going_on():
        _settle(desk, automation)


def settle_notices(desk: Desk, channel: str, block: UUID | None) -> None:
    """An automation for each thing worth telling over a channel; none where it has no block."""
    for notice in NOTICES:
        if block is None:
            _clear(desk, notice_name(notice, channel))
        else:
            _settle(desk, _notice(notice, channel, block))


def _notice(notice: Notice, channel: str, block: UUID) -> AutomationCore:
    if channel == "webhook":
        told: Any = CallWebhook(block_document_id=block, payload=WEBHOOK_BODY[notice.failure])
    else:
        text = TEXT[notice.failure]
        told = SendNotification(block_document_id=block, subject=notice.words, body=text)
    return AutomationCore(
        name=notice_name(notice, channel),
        description=f"tells by {channel}: {notice.words}",
        trigger=_trigger(notice),
        actions=[told],
    )


def _trigger(notice: Notice) -> EventTrigger:
    if notice.failure:
        tag = {RESOURCE: "prefect.tag.dspyui", "prefect.resource.role": "tag"}
        return EventTrigger(expect=set(notice.events), match_related=tag, threshold=1)
    outcome = {OUTCOME: notice.outcome} if notice.outcome else {}
    match = {RESOURCE: resource_id("*"), **outcome}
    return EventTrigger(expect=set(notice.events), match=match, threshold=1)


def _settle(desk: Desk, wanted: AutomationCore) -> None:
    """An automation as it is wanted; whether it is switched on stays a person's choice."""
    client, piece = desk.client, f"automation {wanted.name}"
    found = next(iter(client.read_automations_by_name(wanted.name)), None)
    if found is None:
        desk.do("created", piece, lambda: _create(client, wanted))
        return
    # An automation keeps its owner, and does not tell who that is.
    facts = wanted.model_dump(exclude={"owner_resource"}) | {"enabled": found.enabled}
    if found.model_dump(exclude={"id", "owner_resource"}) == facts:
        desk.leave(piece)
        return
    # Of an update Prefect sends what was set: that has to be everything but the owner.
    update = AutomationCore.model_validate(facts)
    desk.do("updated", piece, lambda: client.update_automation(found.id, update))


def _create(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    """Create an automation once: the client repeats a request whose answer was lost."""
    client.create_automation(wanted)
    for again in client.read_automations_by_name(wanted.name)[1:]:
        client.delete_automation(again.id)


def _clear(desk: Desk, name: str) -> None:
    for found in desk.client.read_automations_by_name(name):
        remove = partial(desk.client.delete_automation, found.id)
        desk.do("removed", f"automation {name}", remove)
