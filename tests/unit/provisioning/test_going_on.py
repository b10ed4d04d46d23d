"""Which runs go on by themselves: decided as Prefect's server does, event by event."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from prefect.server.events.schemas.automations import AutomationCore, EventTrigger
from prefect.server.events.schemas.events import ReceivedEvent

from deployments.provisioning.going_on import FOUND_SILENT, HEARTBEAT, going_on
from tasks._keys import RESUMES

RUN = "prefect.flow-run.7f1d"


def trigger(name: str) -> EventTrigger:
    (found,) = [one for one in going_on() if one.name == name]
    on_the_server = AutomationCore.model_validate_json(found.model_dump_json())
    assert isinstance(on_the_server.trigger, EventTrigger)
    return on_the_server.trigger


def event(name: str, resource: dict[str, str], *related: dict[str, str]) -> ReceivedEvent:
    return ReceivedEvent.model_validate(
        {
            "id": uuid.uuid4(),
            "occurred": datetime.now(UTC),
            "event": name,
            "resource": resource,
            "related": list(related),
        }
    )


def tag(name: str) -> dict[str, str]:
    return {"prefect.resource.id": f"prefect.tag.{name}", "prefect.resource.role": "tag"}


def executed(code: str, *tags: str) -> ReceivedEvent:
    run = {
        "prefect.resource.id": RUN,
        "prefect.resource.role": "flow-run",
        "prefect.infrastructure.status-code": code,
    }
    worker = {"prefect.resource.id": "prefect.worker.process.one"}
    return event("prefect.worker.executed-flow-run", worker, run, *map(tag, tags))


@pytest.mark.parametrize(
    ("code", "goes_on"),
    [
        pytest.param("-9", True, id="killed"),
        pytest.param("-15", True, id="told to end"),
        pytest.param("0", False, id="it said itself how it ended, as a cancelled one does"),
        pytest.param("1", False, id="it cannot start, and would not the next time"),
    ],
)
def test_a_run_goes_on_that_was_killed_and_no_other(code: str, goes_on: bool) -> None:
    killed = trigger("dspyui: a run that was killed goes on")

    assert killed.covers(executed(code, "dspyui", RESUMES)) is goes_on


def test_a_run_that_must_not_be_repeated_does_not_go_on() -> None:
    killed = trigger("dspyui: a run that was killed goes on")

    assert not killed.covers(executed("-9", "dspyui"))


def test_a_run_is_silent_when_nothing_follows_its_heartbeat() -> None:
    silent = trigger(FOUND_SILENT)
    run = {"prefect.resource.id": RUN}

    assert silent.starts_after(HEARTBEAT)
    for name in (HEARTBEAT, "prefect.flow-run.Promoted", "prefect.flow-run.Suspended"):
        heard = event(name, run, tag(RESUMES))
        assert silent.covers(heard)
        assert silent.expects(heard.event)
    assert not silent.covers(event(HEARTBEAT, run, tag("dspyui")))


def test_what_was_found_silent_goes_on_once_it_is_known_to_have_crashed() -> None:
    again = trigger("dspyui: a run that fell silent goes on")
    target = {"prefect.resource.id": RUN, "prefect.resource.role": "target"}

    def done(automation: str, what: str) -> ReceivedEvent:
        resource = {"prefect.resource.id": "prefect.automation.1"}
        named = {**resource, "prefect.resource.name": automation}
        return event(f"prefect.automation.action.{what}", named, target)

    found = done(FOUND_SILENT, "executed")
    assert again.covers(found)
    assert again.bucketing_key(found) == (RUN,)
    assert not again.covers(done(FOUND_SILENT, "failed"))
    assert not again.covers(done("somebody else's", "executed"))
