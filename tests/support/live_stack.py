"""Owns a home with a real local stack: its services, its Prefect API, and a turn that can be held.

The metric of the tiny program waits while the workspace has a file `hold`, so a turn of it is in
the middle of a step for as long as a test needs it there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from deployments.stack.state import ServiceState, Stack, read_state
from support.home import ROOT, Home, Template
from support.processes import wait_until

EXAMPLE = ROOT / "examples" / "support_routing"
TRIGGER = "trigger: {feedback: 50, within: 3600, debounce: 1}\n"
HELD = """
import os
import time
from pathlib import Path

FOLDER = Path(__file__).parent


def held(example, prediction, trace=None):
    while (FOLDER / "hold").exists():
        (FOLDER / "held").write_text(str(os.getpid()))
        time.sleep(0.2)
    return float(example["desk"] == prediction["desk"])
"""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class LiveStack:
    """The stack of a home, while it is up or dead."""

    home: Home

    @classmethod
    def prepared(cls, template: Template, folder: Path) -> LiveStack:
        """A home whose workspace has the tiny program and the built-in example, and no stack yet.

        Feedback starts turns of the example.
        """
        home = template.copy(folder, metric="python:held:held").alone()
        (home.folder / "held.py").write_text(HELD)
        programs = home.folder / "programs"
        shutil.copytree(EXAMPLE / "data", home.folder / "data")
        shutil.copytree(EXAMPLE / "programs", programs)
        spec = programs / "support-routing.yaml"
        spec.write_text(spec.read_text() + TRIGGER)
        tiny_spec = (home.folder / "desk.yaml").read_text()
        (programs / "desk.yaml").write_text(tiny_spec.replace("rows.csv", "../rows.csv"))
        return cls(home)

    def up(self) -> None:
        """Start it in the background; returns when all of it is up."""
        done = self.home.dspyui("up", "--detach", "--json")
        assert done.code == 0, done.stderr + done.stdout

    @property
    def state(self) -> Stack:
        """The stack, as it was written down last."""
        found = read_state(self.home.path)
        assert found is not None
        return found

    def service(self, name: str) -> ServiceState:
        """One service of it."""
        found = self.state.service(name)
        assert found is not None
        return found

    @property
    def api(self) -> str:
        """The address of its Prefect API."""
        return f"{self.service('Prefect').address}/api"

    def ask(self, path: str, question: Mapping[str, Any] | None = None) -> Any:
        """What Prefect answers; asked again while it is away or busy."""
        body = None if question is None else json.dumps(question).encode()
        request = Request(f"{self.api}{path}", body, {"Content-Type": "application/json"})
        return wait_until(lambda: _answered(request), 60, interval=0.5)[0]

    def kill(self, name: str) -> ServiceState:
        """End a service at once; what it was before."""
        before = self.service(name)
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        return before

    def wait_back(self, before: ServiceState) -> None:
        """Wait until a killed service is up again, at its address."""

        def back() -> bool:
            now = self.service(before.name)
            return now.status == "up" and now.restarts > before.restarts

        wait_until(back, 180, interval=0.3)
        assert self.service(before.name).address == before.address

    def start_turn(self, program: str) -> str:
        """A flow run of a turn, asked for as the user interface does it; its id."""
        found = self.ask("/deployments/name/data-flywheel/data-flywheel")
        asked = {"parameters": {"request": {"program": program}}}
        return str(self.ask(f"/deployments/{found['id']}/create_flow_run", asked)["id"])

    def runs_of(self, deployment: str) -> list[Any]:
        """The flow runs of one of the deployments that take turns."""
        named = {"deployments": {"name": {"any_": [deployment]}}}
        turns = {"flows": {"name": {"any_": ["data-flywheel"]}}}
        return list(self.ask("/flow_runs/filter", named | turns))

    def retry(self, run_id: str) -> None:
        """What the button Retry of the user interface does."""
        again = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"}
        self.ask(f"/flow_runs/{run_id}/set_state", {"state": again, "force": True})

    def run(self, run_id: str) -> Any:
        """A flow run as Prefect has it."""
        return self.ask(f"/flow_runs/{run_id}")

    def ended(self, run_id: str, seconds: float = 180) -> Any:
        """A flow run, once it ended."""

        def over() -> Any:
            found = self.run(run_id)
            return found if found["state"]["type"] in ENDED else None

        return wait_until(over, seconds, interval=0.5)

    def steps_of(self, program: str) -> dict[str, tuple[str, str]]:
        """What is recorded of every finished step of a program's first turn: when, and its ref."""
        query = (
            f"select name, at, ref from step where turn_id = '{program}-0001' order by at, rowid"
        )
        return {name: (at, ref) for name, at, ref in self.home.query("state.db", query)}

    def hold(self) -> None:
        """Let turns stop in the middle of a step."""
        (self.home.folder / "hold").touch()

    def wait_held(self, seconds: float = 180) -> int:
        """Wait until a turn stands still now; the process that it stands still in.

        Others may run beside it: what is due by a schedule, or a run that is about to end.
        """
        held = self.home.folder / "held"
        held.unlink(missing_ok=True)
        return int(wait_until(lambda: held.exists() and held.read_text(), seconds, interval=0.3))

    def release(self) -> None:
        """Let it go on."""
        (self.home.folder / "hold").unlink()


def _answered(request: Request) -> list[Any]:
    try:
        with urlopen(request, timeout=20) as answer:
            return [json.load(answer)]
    except HTTPError as error:
        if error.code != 503:
            raise AssertionError(f"{request.full_url}: {error.read().decode()}") from error
    except (URLError, OSError):
        return []
    return []
