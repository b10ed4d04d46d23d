"""Owns the proof that prefect.yaml deploys and that Prefect's scheduler really makes runs of it.

A SQLAlchemy that Prefect's metadata allows lets the server run while its schedules never fire,
so only a run that the scheduler made says that the nightly turn will happen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from support.prefect_process import prefect_process
from support.processes import wait_until

ROOT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]
PROGRAM = "examples/banking77/programs/banking-13.yaml"
DEPLOYED = {
    "validate-dataset",
    "compile-program",
    "evaluate-program",
    "register-model",
    "promote-model",
    "rollback-model",
    "rescore-champion",
    "watch-champion",
    "export-feedback",
    "batch-inference",
    "data-flywheel",
}


@dataclass(frozen=True)
class Server:
    """A Prefect server with scheduler, and the environment of those who talk to it."""

    url: str
    env: Mapping[str, str]

    def ask(self, path: str, question: Mapping[str, Any]) -> Any:
        body = json.dumps(question).encode()
        request = Request(f"{self.url}{path}", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*PREFECT, *arguments],
            env=self.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {found["name"]: found for found in self.ask("/deployments/filter", {})}

    def scheduled_runs(self, deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = {
            "deployments": {"id": {"any_": [deployment["id"]]}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        }
        return [run for run in self.ask("/flow_runs/filter", wanted) if run["auto_scheduled"]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("prefect")
    own = {"DSPYUI_HOME": str(home / "dspyui"), "DSPYUI_PROGRAM": PROGRAM}
    env = {**os.environ, **own, "PREFECT_HOME": str(home)}
    with prefect_process(home, env) as url:
        server = Server(url, env | {"PREFECT_API_URL": url})
        server.run("work-pool", "create", "dspyui", "--type", "process", "--overwrite")
        server.run("deploy", "--all")
        yield server


def test_every_flow_is_deployed_with_its_program_and_its_folder(server: Server) -> None:
    deployments = server.deployments()

    assert set(deployments) == DEPLOYED
    for deployment in deployments.values():
        assert deployment["parameters"] == {"request": {"program": PROGRAM}}
        (step,) = deployment["pull_steps"]
        assert step["prefect.deployments.steps.set_working_directory"]["directory"] == str(ROOT)


def test_the_scheduler_makes_runs_of_the_nightly_turn(server: Server) -> None:
    nightly = server.deployments()["data-flywheel"]

    runs = wait_until(lambda: server.scheduled_runs(nightly), 75)

    assert runs[0]["parameters"] == {"request": {"program": PROGRAM}}
    assert {run["expected_start_time"][11:16] for run in runs} == {"02:00"}


def test_the_champion_is_scored_again_once_a_week(server: Server) -> None:
    weekly = server.deployments()["rescore-champion"]

    runs = wait_until(lambda: server.scheduled_runs(weekly), 75)

    started = sorted(datetime.fromisoformat(run["expected_start_time"]) for run in runs)
    assert {(at.weekday(), at.hour) for at in started} == {(0, 4)}
    assert {later - at for at, later in pairwise(started)} <= {timedelta(days=7)}


def test_deploying_again_makes_no_second_deployment_and_no_second_schedule(
    server: Server,
) -> None:
    before = server.deployments()

    server.run("deploy", "--all")

    after = server.deployments()
    assert {name: found["id"] for name, found in after.items()} == {
        name: found["id"] for name, found in before.items()
    }
    assert [plan["slug"] for plan in after["data-flywheel"]["schedules"]] == ["nightly"]
    assert after["data-flywheel"]["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    (trigger,) = server.ask("/automations/filter", {})
    assert trigger["name"] == "feedback starts a turn"
    assert trigger["actions"][0]["deployment_id"] == after["data-flywheel"]["id"]
