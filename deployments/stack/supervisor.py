"""Owns the life of a stack: started in order, kept running, ended in reverse, by one process."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from deployments.stack.processes import identified, kill_marked
from deployments.stack.running import Running
from deployments.stack.services import Service
from deployments.stack.state import Stack, StackStatus, clean, read_state, state_file, write_state
from dspyui_core.errors import BusyError, FlywheelError
from dspyui_core.store.locks import unless_held

Told = Callable[[Stack], object]
POLL_SECONDS = 0.2


def new_mark() -> str:
    """An id that no other stack has."""
    return uuid.uuid4().hex[:12]


class Supervisor:
    """Runs the services of one home until it is told to stop.

    `told` hears of every change; `environment` is that of every service, and holds the secrets.
    """

    def __init__(
        self,
        home: Path,
        services: Sequence[Service],
        environment: Mapping[str, str],
        *,
        told: Told = lambda stack: None,
        mark: str | None = None,
    ) -> None:
        self._home = home
        self._environment = environment
        self._told = told
        self._mark = mark or new_mark()
        logs = home / "logs"
        self._running = [Running(found, mark=self._mark, logs=logs) for found in services]
        self._process = identified(os.getpid())
        self._since = datetime.now(UTC)
        self._status: StackStatus = "starting"
        self._last: Stack | None = None

    def run(self, stop: Event) -> None:
        """Start all of it, keep it running until `stop` is set, and end all of it.

        Raises BusyError where this home's stack runs already, ServerError where a service does
        not start, and StoreError where the home cannot be written; nothing of it runs then.
        """
        with alone(self._home):
            clean(self._home)
            try:
                self._start(stop)
                self._keep(stop)
            except FlywheelError as error:
                self._end("failed", error.message)
                raise
            except BaseException:
                kill_marked(self._mark)
                raise
            self._end("stopping", "")
            state_file(self._home).unlink(missing_ok=True)

    def _start(self, stop: Event) -> None:
        # All at once: another home's stack may be looking for the same ports.
        for running in self._running:
            running.claim()
        while not all(running.ready for running in self._running):
            ready = {running.service.name for running in self._running if running.ready}
            for running in self._running:
                if running.status == "waiting" and ready.issuperset(running.service.after):
                    running.start(self._environment)
            self._tell()
            for running in self._running:
                running.look()
            self._tell()
            if stop.wait(POLL_SECONDS):
                return
        self._status = "up"
        self._tell()

    def _keep(self, stop: Event) -> None:
        while not stop.wait(POLL_SECONDS):
            for running in self._running:
                running.keep(self._environment)
            self._tell()

    def _end(self, status: StackStatus, problem: str) -> None:
        self._status = status
        try:
            for running in reversed(self._running):
                running.end()
                self._tell(problem)
        finally:
            # Whoever left the process group of its service, too.
            kill_marked(self._mark)
            (self._home / "prefect" / "server.json").unlink(missing_ok=True)

    def _tell(self, problem: str = "") -> None:
        """Write down how it is, where that has changed; a full disk ends nothing that runs."""
        stack = Stack(
            mark=self._mark,
            process=self._process,
            since=self._since,
            status=self._status,
            services=tuple(running.state() for running in self._running),
            problem=problem,
        )
        before = self._last
        same = before is not None and stack == before.model_copy(update={"note": ""})
        if same and before is not None and not before.note:
            return
        try:
            write_state(self._home, stack)
        except OSError as error:
            if same:
                return
            note = f"{state_file(self._home)} cannot be written: {error.strerror}"
            stack = stack.model_copy(update={"note": note})
        self._last = stack
        self._told(stack)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the one right to run this home's stack. Raises BusyError where somebody has it."""
    with unless_held(home / "locks" / "stack.lock") as mine:
        if not mine:
            raise busy(home)
        yield


def busy(home: Path) -> BusyError:
    """The error of who finds this home's stack running."""
    return BusyError(
        f"the stack of {home} is already running{_by_whom(home)}",
        hint="look at it with dspyui status, end it with dspyui down",
    )


def _by_whom(home: Path) -> str:
    found = read_state(home)
    if found is None:
        return ""
    places = [f"{service.name} {service.address}" for service in found.services if service.address]
    return f" (process {found.process.pid}: {', '.join(places)})"
