"""`dspyui up`: the real stack of one home, from its start to the last of its processes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from deployments.stack.state import look, state_file
from support.home import Finished, Home, Template
from support.processes import wait_until


@pytest.fixture(scope="module")
def home(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose workspace has the tiny program where `dspyui up` looks for programs."""
    made = template.copy(tmp_path_factory.mktemp("stack")).alone()
    programs = made.folder / "programs"
    programs.mkdir()
    spec = made.folder / "desk.yaml"
    (programs / "desk.yaml").write_text(spec.read_text().replace("rows.csv", "../rows.csv"))
    return made


@pytest.fixture(scope="module")
def up(home: Home) -> Iterator[Finished]:
    """The stack, started once in the background."""
    yield home.dspyui("up", "--detach", "--json")
    home.dspyui("down")


@pytest.fixture(scope="module")
def stack(up: Finished) -> Any:
    assert up.code == 0, up.stderr
    return up.json


def _service(stack: Any, name: str) -> Any:
    return next(found for found in stack["services"] if found["name"] == name)


def _written(home: Home) -> Any:
    return json.loads(state_file(home.path).read_text())


def _asked(url: str, question: Any = None) -> bytes:
    body = None if question is None else json.dumps(question).encode()
    with urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=20) as said:
        return bytes(said.read())


def test_everything_is_up_when_the_command_returns(stack: Any) -> None:
    statuses = {service["name"]: service["status"] for service in stack["services"]}

    assert stack["status"] == "up"
    assert statuses == {
        "Prefect": "up",
        "MLflow": "up",
        "deployments": "done",
        "runs": "done",
        "worker": "up",
        "mirror": "up",
    }


@pytest.mark.parametrize("name", ["Prefect", "MLflow"])
def test_a_browser_gets_its_user_interface(stack: Any, name: str) -> None:
    page = _asked(_service(stack, name)["address"])

    assert b"<!doctype html>" in page.lower()


def test_the_status_shows_the_stack_with_its_addresses(home: Home, stack: Any) -> None:
    words = home.dspyui("status").stdout

    assert words.startswith(f"stack: up, process {stack['process']['pid']} since ")
    for name in ("Prefect", "MLflow"):
        assert f"{name}: up  {_service(stack, name)['address']}" in words


def test_a_second_one_is_refused_with_the_address_of_the_first(home: Home, stack: Any) -> None:
    again = home.dspyui("up", "--json")

    assert again.code == 1
    assert _service(stack, "Prefect")["address"] in again.json["error"]["message"]


def _run_of(stack: Any, program: Path) -> str:
    """A flow run of a turn, asked for as the user interface does it; its address."""
    api = f"{_service(stack, 'Prefect')['address']}/api"
    deployment = json.loads(_asked(f"{api}/deployments/name/data-flywheel/data-flywheel"))
    request = {"parameters": {"request": {"program": str(program)}}}
    run = json.loads(_asked(f"{api}/deployments/{deployment['id']}/create_flow_run", request))
    return f"{api}/flow_runs/{run['id']}"


def _state(run: str, *types: str) -> Any:
    state = json.loads(_asked(run))["state"]
    return state if state["type"] in types else None


ENDED = ("COMPLETED", "FAILED", "CRASHED")


def test_a_turn_whose_stack_is_killed_is_finished_by_the_next_one(home: Home, stack: Any) -> None:
    run = _run_of(stack, home.folder / "desk.yaml")
    wait_until(lambda: _state(run, "RUNNING", *ENDED), 60)
    os.kill(stack["process"]["pid"], signal.SIGKILL)
    wait_until(lambda: not home.processes(), 30)
    died = look(home.path)
    assert died is not None
    assert died.status == "died"

    again = home.dspyui("up", "--detach", "--json")

    assert again.code == 0, again.stderr
    run = run.replace(
        _service(stack, "Prefect")["address"], _service(again.json, "Prefect")["address"]
    )
    assert wait_until(lambda: _state(run, *ENDED), 60, interval=0.5)["type"] == "COMPLETED"
    assert [outcome for _, outcome in home.turns()] == ["promoted"]
    assert len(home.versions()) == 1
    later = home.turn()
    assert later.json["outcome"] == "nothing-new"
    assert "starting a Prefect server" not in later.stderr


def test_a_killed_server_comes_back(home: Home, up: Finished) -> None:
    before = _service(_written(home), "MLflow")
    os.kill(before["pid"], signal.SIGKILL)

    def back() -> Any:
        now = _service(_written(home), "MLflow")
        return now if now["status"] == "up" and now["restarts"] == 1 else None

    now = wait_until(back, 60)
    assert now["address"] == before["address"]
    assert _asked(f"{now['address']}/health") == b"OK"


def test_down_ends_every_process_and_a_second_one_says_that_nothing_runs(
    home: Home, up: Finished
) -> None:
    assert len(home.processes()) >= len(("stack", "Prefect", "MLflow", "worker", "mirror"))

    ended, again = home.dspyui("down", "--json"), home.dspyui("down")

    assert (ended.code, ended.json["was"]) == (0, "running")
    assert (again.code, again.stdout) == (0, "nothing runs\n")
    assert wait_until(lambda: not home.processes(), 30)
    assert look(home.path) is None
    assert not Path(home.path, "prefect", "server.json").exists()
