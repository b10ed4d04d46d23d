"""A version that waits for a person: a run that holds no worker, answered in Prefect or outside."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL
from prefect.states import Suspended

from dspyui_core.review import Inbox
from dspyui_core.store import clock
from dspyui_core.turn import (
    WatchRequest,
    accept_item,
    approving,
    expire_approvals,
    reopen_item,
)
from flows.data_flywheel import data_flywheel
from flows.promote_model import promote_model
from flows.watch_champion import watch_champion
from support.artifacts import newest
from support.home import ROOT
from support.processes import free_port


@dataclass
class Office:
    """A home with a promote-model deployment, whose runs are executed as a worker does it."""

    desk: Any
    client: SyncPrefectClient
    deployment: UUID
    python: tuple[str, ...]

    def waiting(self) -> list[FlowRun]:
        """The runs of the deployment, the oldest first."""
        found = self.client.read_flow_runs()
        ours = [run for run in found if run.deployment_id == self.deployment]
        return sorted(ours, key=lambda run: run.created)

    def execute(self, run: FlowRun) -> FlowRun:
        """What a worker does with a run: a process of its own."""
        self.process("prefect.engine", str(run.id))
        return self.client.read_flow_run(run.id)

    def process(self, *command: str, **changes: str) -> str:
        """What a module prints that is run in a process of its own, and does not fail."""
        environment = {
            **os.environ,
            "PREFECT_API_URL": str(PREFECT_API_URL.value()),
            "DSPYUI_HOME": str(self.desk.ws.home),
            "DSPYUI_WORKSPACE": str(self.desk.folder),
            **changes,
        }
        done = subprocess.run(
            [*self.python, "-m", *command],
            env=environment,
            cwd=ROOT,
            check=False,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def review(self, *arguments: str, **changes: str) -> str:
        """What `dspyui review` prints about the one waiting promotion."""
        deed, *options = arguments
        (item,) = Inbox(self.desk.ws.engine).items(kind="promotion", state="open")
        return self.process("deployments.cli", "review", deed, str(item.seq), *options, **changes)

    def answer(self, run: FlowRun, answer: Mapping[str, str]) -> None:
        """What Prefect's form sends."""
        self.client.resume_flow_run(run.id, run_input=dict(answer))


@pytest.fixture
def office(desk, warm):
    with get_client(sync_client=True) as client:
        flow = client.create_flow(promote_model)
        deployment = client.create_deployment(
            flow,
            "promote-model",
            entrypoint="flows/promote_model.py:promote_model",
            path=str(ROOT),
        )
        for run in client.read_flow_runs():
            if run.deployment_id == deployment:
                client.delete_flow_run(run.id)
        desk.respec(promotion={"approval": "manual"})
        yield Office(desk, client, deployment, warm)
        client.delete_deployment(deployment)


def test_a_turn_that_asks_starts_a_run_that_waits_and_an_answer_lets_the_version_serve(office):
    asked = data_flywheel(office.desk.request)
    (run,) = office.waiting()
    way = newest("desk-approval")

    suspended = office.execute(run)
    office.answer(run, {"decision": "perhaps", "comment": ""})
    again = office.execute(run)
    undecided = Inbox(office.desk.ws.engine).counts("desk")
    office.answer(run, {"decision": "approve", "comment": "reads well", "reviewer": "ana"})
    done = office.execute(run)

    assert (asked.outcome, run.parameters["request"]["version"]) == ("awaiting-approval", 1)
    assert (suspended.state.name, again.state.name) == ("Suspended", "Suspended")
    assert f"/v2/runs/flow-run/{run.id})" in way, "the way to the form"
    assert undecided == {"promotion": 1}, "Prefect takes an answer that the form does not allow"
    assert (done.state.type, done.state.name) == ("COMPLETED", "Approved")
    entry = office.desk.ws.releases.ledger.history("desk")[0]
    assert (entry.verdict, entry.version, entry.actor) == ("promote", 1, "ana")
    assert entry.reasons == ["reads well"]
    assert office.desk.ws.releases.champion("desk") == 1


def test_what_was_decided_in_the_inbox_is_seen_when_the_run_goes_on(office):
    data_flywheel(office.desk.request)
    (run,) = office.waiting()
    office.execute(run)
    (item,) = Inbox(office.desk.ws.engine).items(kind="promotion")
    accept_item(office.desk.ws, item.seq, reason="in the terminal", actor="ben")

    office.answer(run, {"decision": "refuse", "comment": "too late"})
    done = office.execute(run)

    assert done.state.name == "Approved"
    assert office.desk.ws.releases.champion("desk") == 1


@pytest.mark.parametrize(
    ("deed", "name", "champion"), [("accept", "Approved", 1), ("reject", "Refused", None)]
)
def test_an_answer_in_the_terminal_ends_the_run_that_waits_for_it(office, deed, name, champion):
    data_flywheel(office.desk.request)
    (run,) = office.waiting()
    office.execute(run)

    told = office.review(deed, "--reason", "I looked", "--as", "ben")

    assert told.splitlines()[-1] == "  its run in Prefect waits no more"
    ended = office.client.read_flow_run(run.id).state
    assert (ended.type, ended.name) == ("COMPLETED", name)
    assert ended.message == "version 1 of desk, item 1 in the inbox: ben: I looked"
    assert office.desk.ws.releases.champion("desk") == champion


def test_a_question_that_is_asked_again_has_a_run_that_waits_again(office):
    data_flywheel(office.desk.request)
    (run,) = office.waiting()
    office.execute(run)
    office.review("reject", "--reason", "not today")

    told = office.process("deployments.cli", "review", "reopen", "1", "--reason", "a new day")
    _, again = office.waiting()
    suspended = office.execute(again)
    office.answer(again, {"decision": "approve", "comment": "today"})
    done = office.execute(again)

    assert told.splitlines()[-1] == "  a run in Prefect waits for the answer, too"
    assert (suspended.state.name, done.state.name) == ("Suspended", "Approved")
    assert office.desk.ws.releases.champion("desk") == 1


def test_a_promotion_by_hand_ends_the_run_that_asks_for_it_and_no_other(office):
    data_flywheel(office.desk.request)
    (asks,) = office.waiting()
    office.execute(asks)
    others = {"request": {"program": "/elsewhere/desk.yaml", "version": 1, "ask": True}}
    other = office.client.create_flow_run_from_deployment(office.deployment, parameters=others)
    office.client.set_flow_run_state(other.id, Suspended(), force=True)

    office.process("deployments.cli", "model", "promote", "desk", "--reason", "now")

    assert office.client.read_flow_run(asks.id).state.name == "Approved"
    assert office.client.read_flow_run(other.id).state.name == "Suspended"


def test_an_answer_in_the_terminal_stands_while_prefect_is_away(office):
    data_flywheel(office.desk.request)
    (run,) = office.waiting()
    office.execute(run)
    away = f"http://127.0.0.1:{free_port()}/api"

    told = office.review("accept", "--reason", "fine", PREFECT_API_URL=away)

    assert "is accepted by" in told
    assert "Prefect" not in told
    assert office.desk.ws.releases.champion("desk") == 1
    assert office.client.read_flow_run(run.id).state.name == "Suspended"


def test_a_newer_candidate_ends_the_run_that_waits_for_an_older_one(office):
    data_flywheel(office.desk.request)
    (older,) = office.waiting()
    office.execute(older)
    few = {"name": "labeled_few_shot", "options": {"k": 12}}
    office.desk.respec(promotion={"approval": "manual"}, optimizer=few)

    taken = data_flywheel(office.desk.request)
    ended, newer = office.waiting()
    office.execute(newer)
    office.answer(newer, {"decision": "refuse", "comment": "worse on fees"})
    done = office.execute(newer)

    assert (taken.outcome, taken.model_version) == ("awaiting-approval", 2)
    assert (ended.state.name, ended.state.message) == ("Cancelled", "version 2 waits instead")
    assert done.state.name == "Refused"
    assert office.desk.ws.releases.champion("desk") is None
    states = [item.state for item in Inbox(office.desk.ws.engine).items(kind="promotion")]
    assert states == ["withdrawn", "rejected"]


def test_the_watch_ends_the_run_whose_question_nobody_answered_in_time(
    office, monkeypatch: pytest.MonkeyPatch
):
    data_flywheel(office.desk.request)
    (run,) = office.waiting()
    office.execute(run)
    late = clock.utc_now() + timedelta(days=8)

    watch_champion(WatchRequest(program=office.desk.program))
    patient = office.waiting()
    monkeypatch.setattr(approving, "utc_now", lambda: late)
    watch_champion(WatchRequest(program=office.desk.program))

    assert [one.id for one in patient] == [run.id]
    ended = office.client.read_flow_run(run.id)
    assert (ended.state.type, ended.state.name) == ("COMPLETED", "Refused")
    assert "timeout: nobody answered until " in ended.state.message


def test_a_question_that_nobody_answers_is_refused_in_time_and_can_be_asked_again(
    desk, monkeypatch: pytest.MonkeyPatch
):
    desk.respec(promotion={"approval": "manual", "approval_hours": 2})
    data_flywheel(desk.request)
    now = clock.utc_now()

    assert expire_approvals(desk.ws, "desk") == ()
    monkeypatch.setattr(approving, "utc_now", lambda: now + timedelta(hours=3))
    (late,) = expire_approvals(desk.ws, "desk")
    again = expire_approvals(desk.ws, "desk")
    monkeypatch.undo()
    reopened = reopen_item(desk.ws, late.seq, reason="we were away", actor="ana")

    assert (late.state, late.actor) == ("rejected", "timeout")
    assert late.comment.startswith("nobody answered until ")
    assert again == ()
    assert (reopened.state, reopened.content["version"]) == ("open", 1)
    accept_item(desk.ws, reopened.seq, reason="fine", actor="ana")
    assert desk.ws.releases.champion("desk") == 1
