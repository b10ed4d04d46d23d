"""Owns the proof that a real Prefect server ends up with what the specs say, and acts on it.

The scheduler, the triggers and the notifications are the server's own; no worker is needed to see
the runs that it makes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.client.base import PrefectHttpxSyncClient

from deployments.events import launcher
from deployments.provisioning import provision
from deployments.provisioning.variables import folder_variable
from dspyui_core.errors import ServerError, SpecError
from dspyui_core.events import TURN_FINISHED
from dspyui_core.settings import NotifySettings, Settings
from dspyui_core.workspace import Workspace
from support.prefect_process import prefect_process
from support.processes import free_port, wait_until
from support.provisioned import Server
from support.receivers import mail_receiver, web_receiver

TRIGGER = {"feedback": 20, "within": 120, "debounce": 15}
SCHEDULE = {"cron": "30 3 * * *", "timezone": "Europe/Berlin"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home, folder = tmp_path_factory.mktemp("prefect"), tmp_path_factory.mktemp("workspace")
    env = {**os.environ, "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5"}
    with prefect_process(home, env) as url:
        env |= {"PREFECT_HOME": str(home), "PREFECT_API_URL": url}
        server = Server(url, folder, env)
        server.write("tiny", trigger=TRIGGER, schedule=SCHEDULE)
        yield server


def test_the_command_deploys_every_spec_and_again_changes_nothing(server: Server) -> None:
    command = [sys.executable, "-m", "deployments.cli", "deploy", "--json"]
    done = subprocess.run(
        command, env=server.env, cwd=server.folder, capture_output=True, text=True, check=True
    )
    first = json.loads(done.stdout)
    before = server.ids()

    second = server.deploy()

    assert first["programs"] == ["tiny"]
    assert {"work pool dspyui", "limit dspyui-program-tiny"} <= set(first["created"])
    assert not done.stderr
    assert sorted(second.unchanged) == sorted(first["created"])
    assert not (second.created or second.updated or second.removed)
    assert server.ids() == before


def test_the_folder_of_the_workers_is_a_variable_that_a_person_may_change(server: Server) -> None:
    server.deploy()
    name = folder_variable(server.folder.resolve())
    made = server.ask(f"/variables/name/{name}")
    server.change(f"/variables/name/{name}", value="/srv/desk")

    again = server.deploy()

    (step,) = server.turns_of("tiny")["pull_steps"]
    assert made["value"] == str(server.folder.resolve())
    assert step["deployments.provisioning.pulling.enter_workspace"]["directory"] == (
        f"{{{{ prefect.variables.{name} }}}}"
    )
    assert f"variable {name}" in again.unchanged
    assert server.ask(f"/variables/name/{name}")["value"] == "/srv/desk"


def test_a_turn_of_the_spec_is_scheduled_in_its_own_time_zone(server: Server) -> None:
    server.deploy()

    runs = wait_until(lambda: server.runs("tiny"), 60)

    assert {run["parameters"]["request"]["reason"] for run in runs} == {"on schedule"}
    assert {run["expected_start_time"][11:16] for run in runs} <= {"01:30", "02:30"}
    assert all("dspyui-program-tiny" in run["tags"] for run in runs)


def test_a_burst_of_feedback_starts_exactly_one_turn_which_waits_for_the_rest_of_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deploy()
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    ws = Workspace.open(tmp_path / "home", launcher=launcher(Settings()))
    answers = [ws.record_prediction("tiny", {"text": "hi"}, {"topic": "a"}) for _ in range(200)]
    with ThreadPoolExecutor(8) as users:
        list(users.map(lambda trace: ws.feedback.record_feedback(trace, "thumbs_up"), answers))
    ended = datetime.now(UTC)

    assert ws.launcher.flush(30)
    (run,) = wait_until(lambda: server.runs("tiny.feedback"), 60)
    time.sleep(3)

    assert len(server.runs("tiny.feedback")) == 1
    assert run["parameters"]["request"]["reason"] == "new feedback"
    assert datetime.fromisoformat(run["expected_start_time"]) > ended
    assert ws.journal.count(kind="feedback") == 200


def test_a_spec_that_changes_changes_its_deployments_and_nothing_else(server: Server) -> None:
    server.deploy()
    before = server.ids()
    server.write("tiny", trigger=TRIGGER | {"feedback": 30}, schedule={"interval": 7200})

    done = server.deploy()

    assert set(done.updated) == {
        "deployment data-flywheel/tiny",
        "deployment data-flywheel/tiny.feedback",
        "automation tiny: feedback starts a turn",
    }
    assert not (done.created or done.removed)
    assert server.ids() == before
    (schedule,) = server.turns_of("tiny")["schedules"]
    assert schedule["schedule"]["interval"] == 7200
    assert server.deploy().updated == ()


def test_the_deployments_of_a_spec_that_is_gone_are_removed_with_all_that_was_theirs(
    server: Server,
) -> None:
    path = server.write("spare", trigger=TRIGGER)
    server.deploy()
    path.unlink()

    done = server.deploy()

    assert {
        "deployment data-flywheel/spare",
        "deployment data-flywheel/spare.feedback",
        "limit dspyui-program-spare",
    } <= set(done.removed)
    assert not [name for name in server.ids() if "spare" in name]
    assert "limit dspyui-program-tiny" in done.unchanged


def test_requests_that_are_repeated_because_their_answers_were_lost_make_nothing_twice(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = PrefectHttpxSyncClient.send

    def twice(client: Any, request: Any, *args: Any, **options: Any) -> Any:
        if request.method == "POST" and not request.url.path.endswith(("/filter", "/count")):
            send(client, request, *args, **options)
        return send(client, request, *args, **options)

    spec = server.write("echo", trigger=TRIGGER)
    monkeypatch.setattr(PrefectHttpxSyncClient, "send", twice)
    made = server.deploy()
    monkeypatch.undo()

    names = [found["name"] for found in server.ask("/automations/filter", {})]
    assert "limit dspyui-program-echo" in made.created
    assert "automation echo: feedback starts a turn" in made.created
    assert len(names) == len(set(names))
    assert server.deploy().created == ()
    spec.unlink()
    server.deploy()


def test_a_dry_run_says_what_would_be_done_and_does_nothing(server: Server) -> None:
    server.deploy()
    before = server.ids()
    path = server.write("later", trigger=True)

    told = provision(
        server.url,
        server.folder,
        notify=NotifySettings.model_validate({"webhook": "http://127.0.0.1/sesame"}),
        dry_run=True,
    )
    path.unlink()

    assert told.dry_run
    assert {
        "limit dspyui-program-later",
        "deployment data-flywheel/later.feedback",
        "automation later: feedback starts a turn",
        "block dspyui-webhook",
        "automation dspyui tells by webhook: failed",
    } <= set(told.created)
    assert server.ids() == before


def test_an_automation_that_a_person_switched_off_stays_off(server: Server) -> None:
    server.deploy()
    named = {"automations": {"name": {"any_": ["tiny: feedback starts a turn"]}}}
    (trigger,) = server.ask("/automations/filter", named)
    server.change(f"/automations/{trigger['id']}", enabled=False)

    done = server.deploy()

    assert "automation tiny: feedback starts a turn" in done.unchanged
    (after,) = server.ask("/automations/filter", named)
    assert (after["id"], after["enabled"]) == (trigger["id"], False)


def test_a_server_that_is_away_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"does not answer: .*dspyui up"):
        provision(f"http://127.0.0.1:{free_port()}/api", tmp_path)


def test_a_wrong_spec_changes_nothing(server: Server) -> None:
    server.deploy()
    before = server.ids()
    path = server.write("wrong", schedule={"cron": "0 2 * * *", "timezone": "Mars/Olympus"})

    with pytest.raises(SpecError, match="Mars/Olympus"):
        server.deploy()
    path.unlink()

    assert server.ids() == before


def test_who_is_to_be_told_is_told_by_web_and_by_mail(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", server.url)
    monkeypatch.setenv("DSPYUI_HOME", str(tmp_path))
    refused = {"turn": "tiny-0001", "outcome": "refused", "reasons": ['no "gain"']}
    teller = launcher(Settings())
    with web_receiver() as (address, posted), mail_receiver() as (mailbox, mails):
        done = server.deploy(webhook=address, email=mailbox)
        # The server hears of new automations a moment after they are there.
        time.sleep(2)

        teller.emit(TURN_FINISHED, "tiny", refused)
        teller.emit(TURN_FINISHED, "tiny", {"turn": "tiny-0002", "outcome": "inconclusive"})
        _fail_a_run(server)
        wait_until(lambda: len(posted) >= 2 and len(mails) >= 2, 30)

    told = {document["event"]: document for document in posted}
    assert told.keys() == {"dspyui.turn.finished", "prefect.flow-run.Failed"}
    assert told["dspyui.turn.finished"]["about"] == "tiny"
    assert told["dspyui.turn.finished"]["payload"] == refused
    assert len(posted) == 2
    assert any("a turn was refused" in mail and "tiny-0001" in mail for mail in mails)
    assert "sesame" not in done.model_dump_json()
    again = server.deploy()
    assert "block dspyui-webhook" in again.removed
    assert not [name for name in server.ids() if "tells by" in name]


def _fail_a_run(server: Server) -> None:
    deployment = server.turns_of("tiny.feedback")["id"]
    run = server.ask(f"/deployments/{deployment}/create_flow_run", {})
    failed = {"state": {"type": "FAILED", "message": "no key"}, "force": True}
    server.ask(f"/flow_runs/{run['id']}/set_state", failed)
