"""Owns a home's stack from outside: started here or as a session of its own, planned, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from deployments.prefect_server import prefect_environment
from deployments.signals import until_told
from deployments.stack.processes import end
from deployments.stack.services import Service, services_of
from deployments.stack.state import Stack, clean, look, orphans, read_state, running
from deployments.stack.supervisor import Supervisor, Told, alone, busy, new_mark
from dspyui_core.errors import ServerError, StoreError
from dspyui_core.records import Record
from dspyui_core.settings import Settings

POLL_SECONDS = 0.2
TAIL_BYTES = 2_000
# All services in turn may take their time to end.
STOP_SECONDS = 90.0


class Planned(Record):
    """One service that `up` would start, or a server `elsewhere` that it would use."""

    name: str
    what: str
    address: str | None = None
    elsewhere: bool


class Plan(Record):
    """What `up` would start, on ports that are free now."""

    services: tuple[Planned, ...]


class Ended(Record):
    """What `down` ended, and what a stack that `died` had `left_behind`: process numbers."""

    was: Literal["running", "died", "nothing"]
    process: int | None = None
    services: tuple[str, ...] = ()
    left_behind: tuple[int, ...] = ()


def services(settings: Settings) -> tuple[Service, ...]:
    """The services of a home under this process's environment, which gets Prefect's settings."""
    prefect_environment(settings.home, verbose=True)
    return services_of(settings, os.environ)


def plan(settings: Settings) -> Plan:
    """What `up` would start; writes nothing. Raises BusyError where it runs already."""
    home = settings.home.resolve()
    if running(home) is not None:
        raise busy(home)
    return Plan(
        services=tuple(
            Planned(name=one.name, what=one.what, address=one.address, elsewhere=one.elsewhere)
            for one in services(settings)
        )
    )


def run_here(settings: Settings, *, told: Told, mark: str | None = None) -> None:
    """Run the stack until Ctrl-C, SIGTERM or a closed terminal; raises what `Supervisor.run` does.

    To be called in the main thread, to which the kernel ties the services.
    """
    home = settings.home.resolve()
    supervisor = Supervisor(home, services(settings), os.environ, told=told, mark=mark)
    with until_told(signal.SIGHUP) as stop:
        supervisor.run(stop)


def start_detached(home: Path) -> Stack:
    """Start the stack as a session of its own and return once all of it is up.

    Raises BusyError where it runs already, StoreError where the home cannot be written, and
    ServerError where it did not start; nothing of it runs then.
    """
    with alone(home):
        mark = new_mark()
    log = home / "logs" / "stack.log"
    child = _spawned(mark, log)
    try:
        while child.poll() is None:
            found = running(home)
            if found is not None and found.mark == mark and found.status == "up":
                return found
            time.sleep(POLL_SECONDS)
    except BaseException:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(STOP_SECONDS)
        raise
    raise _failure(home, mark, log)


def end_stack(home: Path) -> Ended:
    """End the home's stack, or what a killed one left behind, and wait until it is gone.

    Raises BusyError where it is starting just now, and StoreError where the home cannot be written.
    """
    found = running(home)
    if found is None:
        return _cleaned(home)
    end([found.process], seconds=STOP_SECONDS)
    # Where it had to be killed, its services are still there.
    _cleaned(home)
    return would_end(found)


def would_end(stack: Stack | None) -> Ended:
    """What `down` ends of a stack as `look` or `running` gave it."""
    if stack is None or stack.status == "failed":
        return Ended(was="nothing")
    died = not stack.process.alive and stack.status == "died"
    return Ended(
        was="died" if died else "running",
        process=stack.process.pid,
        services=tuple(one.name for one in stack.services if one.status != "elsewhere"),
        left_behind=tuple(orphans(stack)) if died else (),
    )


def _cleaned(home: Path) -> Ended:
    if read_state(home) is None:
        return Ended(was="nothing")
    with alone(home):
        ended = would_end(look(home))
        clean(home)
    return ended


def _spawned(mark: str, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "deployments.stack", mark]
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as said:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise StoreError(
            f"the log {log} cannot be written: {error.strerror}",
            hint="make room, or choose another DSPYUI_HOME",
        ) from error


def _failure(home: Path, mark: str, log: Path) -> ServerError:
    found = read_state(home)
    if found is not None and found.mark == mark and found.problem:
        return ServerError(found.problem, hint=f"the logs are in {log.parent}")
    said = log.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()
    return ServerError(
        f"the stack did not start: {said or 'it said nothing'}", hint=f"its log is {log}"
    )
