"""Owns `stack.json`: what a home's stack is, as the one process that runs it wrote it down."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from deployments.stack.processes import Process, kill_marked, marked
from dspyui_core.files import write_pieces
from dspyui_core.records import Record

ServiceStatus = Literal["waiting", "starting", "up", "done", "restarting", "elsewhere", "ended"]
StackStatus = Literal["starting", "up", "stopping", "failed", "died"]


class ServiceState(Record):
    """One service of the stack: where it is, how often it came back, and why it is not up."""

    name: str
    what: str
    status: ServiceStatus
    address: str | None = None
    pid: int | None = None
    restarts: int = 0
    log: Path | None = None
    note: str = ""


class Stack(Record):
    """The stack of a home, run by one process.

    Every process of it has `mark` in its environment. One that `died` was killed; `problem` is why
    one did not start, `note` what is wrong with the home itself, as a full disk.
    """

    mark: str
    process: Process
    since: datetime
    status: StackStatus
    services: tuple[ServiceState, ...] = ()
    problem: str = ""
    note: str = ""

    def service(self, name: str) -> ServiceState | None:
        """The service of this name, if the stack has it."""
        return next((found for found in self.services if found.name == name), None)


def state_file(home: Path) -> Path:
    """Where a home's stack is written down."""
    return home / "stack.json"


def write_state(home: Path, stack: Stack) -> None:
    """Write it down whole or not at all. Raises OSError, as a full disk does."""
    write_pieces([stack.model_dump_json(indent=2), "\n"], state_file(home))


def read_state(home: Path) -> Stack | None:
    """What was written last, alive or not; None where nothing was, or nothing that can be read."""
    try:
        return Stack.model_validate_json(state_file(home).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def look(home: Path) -> Stack | None:
    """The home's stack as it is: one whose process is gone has `died`, unless it failed to start.

    None where none was started, or the last one was ended in order.
    """
    found = read_state(home)
    if found is None or found.status == "failed" or found.process.alive:
        return found
    ended = [service.model_copy(update={"status": "ended"}) for service in found.services]
    return found.model_copy(update={"status": "died", "services": tuple(ended)})


def running(home: Path) -> Stack | None:
    """The home's stack where its process is alive."""
    found = read_state(home)
    return found if found is not None and found.process.alive else None


def clean(home: Path) -> list[int]:
    """Forget a stack whose process is gone, and end what it left behind; returns their numbers.

    Only for who holds the stack's lock: a living stack would be taken for a dead one.
    """
    found = read_state(home)
    left = [] if found is None else kill_marked(found.mark)
    state_file(home).unlink(missing_ok=True)
    (home / "prefect" / "server.json").unlink(missing_ok=True)
    return left


def orphans(stack: Stack) -> list[int]:
    """The living processes of a stack that died."""
    return marked(stack.mark)
