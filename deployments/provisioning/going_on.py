"""Automations by which a run that was cut off goes on, on any worker that there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from tasks._keys import RESUMES

RESOURCE, ROLE = "prefect.resource.id", "prefect.resource.role"
HEARTBEAT = "prefect.flow-run.heartbeat"
# The most often that Prefect lets a run say that it lives.
HEARTBEAT_SECONDS = 30
# One that cannot be heard for a moment is none that ended.
SILENT_FOR = timedelta(seconds=4 * HEARTBEAT_SECONDS)
# A run that is cut off again so soon has a reason of its own, and waits for a person.
ONCE_IN = timedelta(hours=1)
FOUND_SILENT = "dspyui: a run that fell silent has crashed"
SILENT = "nobody has heard of it for two minutes: its worker ended with it"
_TAGGED = {RESOURCE: f"prefect.tag.{RESUMES}", ROLE: "tag"}
# The event is the worker's last word on a run; before it, it sets a state of its own.
_KILLED = {ROLE: "flow-run", "prefect.infrastructure.status-code": "-*"}


def going_on() -> tuple[AutomationCore, ...]:
    """What starts a run again that was killed, and what finds that it was, where no worker saw it.

    It is the same run, and a turn knows its finished steps, so it goes on where it was. Should a
    silent one be alive after all, it is waited for.
    """
    return _killed_goes_on(), _silent_crashed(), _silent_goes_on()


def _killed_goes_on() -> AutomationCore:
    killed = EventTrigger(
        expect={"prefect.worker.executed-flow-run"},
        match_related=[_TAGGED, _KILLED],
        for_each={f"related:flow-run:{RESOURCE}"},
        threshold=1,
        within=ONCE_IN,
    )
    again = _again("its process was killed")
    return _automation("dspyui: a run that was killed goes on", killed, again)


def _silent_crashed() -> AutomationCore:
    silent = EventTrigger(
        after={HEARTBEAT},
        expect={"prefect.flow-run.*"},
        match_related=_TAGGED,
        for_each={RESOURCE},
        posture=Posture.Proactive,
        threshold=1,
        within=SILENT_FOR,
    )
    # Unforced: one that ended meanwhile stays as it is.
    crashed = ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=SILENT)
    return _automation(FOUND_SILENT, silent, crashed)


def _silent_goes_on() -> AutomationCore:
    # By what the other one did. Where its server was restarted, Prefect waits a quarter of an hour
    # for the events before a run's own.
    found = EventTrigger(
        expect={"prefect.automation.action.executed"},
        match={"prefect.resource.name": FOUND_SILENT},
        for_each={f"related:target:{RESOURCE}"},
        threshold=1,
        within=ONCE_IN,
    )
    again = _again("its worker was lost")
    return _automation("dspyui: a run that fell silent goes on", found, again)


def _again(why: str) -> ChangeFlowRunState:
    message = f"{why}; it goes on where it was"
    return ChangeFlowRunState(state=StateType.SCHEDULED, name="AwaitingRetry", message=message)


def _automation(name: str, trigger: EventTrigger, action: Any) -> AutomationCore:
    words = "for the flows that go on where they were"
    return AutomationCore(name=name, description=words, trigger=trigger, actions=[action])
