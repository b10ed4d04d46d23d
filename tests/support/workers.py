"""Owns Prefect workers as process trees of their own: started, killed whole, and ended."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from deployments.provisioning.going_on import FOUND_SILENT, SILENT
from deployments.stack.probes import WorkerReports
from deployments.stack.processes import MARK, kill_marked, marked
from deployments.stack.services import POOL
from support.home import Home
from support.processes import environment_of, wait_until
from tasks._keys import RESUMES


@dataclass(frozen=True)
class Worker:
    """A worker process, with the mark that it and every flow run it starts have."""

    process: subprocess.Popen[bytes]
    mark: str

    def processes(self) -> list[int]:
        """The living processes of its tree: itself, and the flow runs that it started."""
        return marked(self.mark)

    def has(self, run_id: str) -> bool:
        """Whether a process of this flow run is among them, whatever else it runs."""
        mark = f"PREFECT__FLOW_RUN_ID={run_id}".encode()
        return any(mark in environment_of(pid) for pid in self.processes())

    def kill_tree(self) -> list[int]:
        """End all of it at once, as a machine that loses its power does; their numbers."""
        killed = kill_marked(self.mark)
        self.process.wait()
        return killed


def start_worker(
    home: Home, api_url: str, name: str, *, pool: str = POOL, wait: float = 60, **environment: str
) -> Worker:
    """A process worker of `pool` for a home, in its folder; waits until the server heard of it.

    `wait` is in seconds, 0 for not at all. Its log is `<name>.log` in the home.
    """
    mark = f"worker-{name}-{home.path.parent.name}"
    settings = {
        "PREFECT_API_URL": api_url,
        "PREFECT_HOME": str(home.path / "prefect"),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "DSPYUI_WORKSPACE": str(home.folder),
        MARK: mark,
    }
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool]
    command += ["--type", "process", "--name", name, "--install-policy", "never"]
    home.path.mkdir(parents=True, exist_ok=True)
    reports = WorkerReports(api_url, pool, name)
    reports.before()
    with (home.path / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=home.environment(**{**settings, **environment}),
            cwd=home.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    worker = Worker(process, mark)
    try:
        if wait:
            wait_until(lambda: reports.problem("") is None, wait, interval=0.5)
    except BaseException:
        worker.kill_tree()
        raise
    return worker


def declare_silent(api_url: str, run_id: str) -> None:
    """Let a server notice in seconds what takes it minutes: that a run's worker is gone.

    It is told once more that the run lives, and that it has to be heard of again in ten seconds,
    which are the least that Prefect takes. Returns when it has noticed.
    """
    named = {"automations": {"name": {"any_": [FOUND_SILENT]}}}
    (found,) = _ask(f"{api_url}/automations/filter", named)
    known = {key: found[key] for key in ("name", "description", "enabled", "actions", "trigger")}
    impatient = {**known, "trigger": {**found["trigger"], "within": 10}}
    address = f"{api_url}/automations/{found['id']}"
    _ask(address, impatient, method="PUT")
    for _ in range(4):
        # A server that was restarted just now may lose what it is told.
        _ask(f"{api_url}/events", [_heartbeat(run_id)])
        if _noticed(api_url, run_id, 30):
            break
    _ask(address, known, method="PUT")
    assert _noticed(api_url, run_id, 0)


def _noticed(api_url: str, run_id: str, seconds: float) -> bool:
    """Whether a run is known to have crashed, after so many seconds at most."""
    asked = f"{api_url}/flow_run_states/?flow_run_id={run_id}"
    try:
        wait_until(lambda: _lost(_ask(asked, None, method="GET")), seconds, interval=0.5)
    except AssertionError:
        return False
    return True


def _lost(states: list[Any]) -> bool:
    return any(state["message"] == SILENT for state in states)


def _heartbeat(run_id: str) -> dict[str, Any]:
    tag = {"prefect.resource.id": f"prefect.tag.{RESUMES}", "prefect.resource.role": "tag"}
    return {
        "id": str(uuid.uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run_id}"},
        "related": [tag],
        "payload": {},
    }


def _ask(url: str, question: Any, *, method: str = "POST") -> Any:
    headers = {"Content-Type": "application/json"}
    body = None if question is None else json.dumps(question).encode()
    request = Request(url, body, headers, method=method)
    return wait_until(lambda: _answered(request), 60, interval=0.5)[0]


def _answered(request: Request) -> list[Any]:
    """The answer in a list, or an empty one: a busy SQLite is told as 503, and asked again."""
    try:
        with urlopen(request, timeout=30) as answer:
            return [json.loads(answer.read() or b"null")]
    except HTTPError as error:
        if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return []
