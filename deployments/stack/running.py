"""Owns one service while it runs: its process, its log, and whether it is ready, dead or late."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from deployments.prefect_server import API_URL
from deployments.stack.processes import MARK, end, identified, mark_of, marked
from deployments.stack.services import SOCKET, Service, bound
from deployments.stack.state import ServiceState, ServiceStatus
from dspyui_core.errors import FlywheelError, ServerError, StoreError
from dspyui_core.files import write_pieces

LOG_BYTES = 1_000_000
TAIL_BYTES = 1_500
# Seconds until a service that died is started again: the first time, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# How long what a service leaves behind may take to end.
LEFT_SECONDS = 5.0
# Whoever was up for so long and dies is no hopeless case.
STEADY_SECONDS = 60.0


class Running:
    """A service of one stack, with `log` in the home; times are those of a monotonic clock."""

    def __init__(self, service: Service, *, mark: str, logs: Path) -> None:
        self.service = service
        self.log = logs / f"{service.name.lower()}.log"
        self._mark = mark
        self._status: ServiceStatus = "waiting"
        self._note = ""
        self._listener: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._said_from = 0
        self._since = 0.0
        self._restarts = 0
        self._pause = FIRST_PAUSE

    @property
    def ready(self) -> bool:
        """Whether those that come after it may start."""
        return self._status in ("up", "done", "elsewhere")

    @property
    def status(self) -> ServiceStatus:
        """How it is."""
        return self._status

    def state(self) -> ServiceState:
        """It, as it is told and written down."""
        alive = self._child is not None and self._child.poll() is None
        return ServiceState(
            name=self.service.name,
            what=self.service.what,
            status=self._status,
            address=self.service.address,
            pid=self._child.pid if alive and self._child else None,
            restarts=self._restarts,
            log=None if self.service.elsewhere else self.log,
            note=self._note,
        )

    def claim(self) -> None:
        """Take its port, for its first start. Raises ServerError where another has it."""
        if self.service.port is not None:
            self._listener = bound(self.service.port)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it, or ask a server elsewhere.

        Raises ServerError where that does not answer or the port is taken, StoreError where the
        log cannot be written.
        """
        probe = self.service.probe
        if probe is not None:
            probe.before()
        if self.service.elsewhere:
            self._ask_elsewhere()
            return
        with self._opened_log() as log:
            self._child = self._spawned(log, environment)
        self._status, self._since, self._note = "starting", time.monotonic(), ""

    def look(self) -> None:
        """Notice that it is ready. Raises ServerError where it ended or is late, with its words."""
        if self._child is None or self._status != "starting":
            return
        code = self._child.poll()
        if code is not None and not (self.service.once and code == 0):
            raise self._failure(f"ended with code {code}")
        if code is not None:
            self._become("done")
        elif self.service.probe is not None and self.service.probe.problem(self.said()) is None:
            self._become("up")
        elif time.monotonic() - self._since > self.service.start_seconds:
            raise self._failure(f"was not ready within {self.service.start_seconds:.0f} s")

    def keep(self, environment: Mapping[str, str]) -> None:
        """Start it again where it died, later each time; nothing here ends the stack."""
        try:
            if self._status == "up" and self._child is not None and self._child.poll() is not None:
                raise self._failure(f"ended with code {self._child.returncode}")
            if self._status == "starting":
                self.look()
            elif self._status == "restarting" and time.monotonic() - self._since > self._pause:
                self._restarts += 1
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
                self.start(environment)
        except FlywheelError as error:
            self._rest(error)

    def end(self) -> None:
        """End it, in its own time, with all that it started, and wait for that."""
        child, self._status, self._note = self._child, "ended", ""
        self._let_go()
        if child is None:
            return
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(self.service.stop_seconds)
        self.kill()
        # Flow runs have sessions of their own; told to end, they still report that they did.
        left = marked(mark_of(self._mark, self.service.name))
        end([identified(pid) for pid in left], seconds=LEFT_SECONDS)

    def kill(self) -> None:
        """End its process at once, where it has one."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def said(self) -> str:
        """The end of what its log has since it was started."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(self._said_from, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            return log.read().decode(errors="replace").strip()
        return ""

    def _become(self, status: ServiceStatus) -> None:
        self._status, self._since = status, time.monotonic()
        if self.service.announced is not None:
            url = self.service.environment[API_URL]
            # A command that does not find it starts a server of its own.
            with suppress(OSError):
                write_pieces([json.dumps({"url": url})], self.service.announced)

    def _ask_elsewhere(self) -> None:
        problem = self.service.probe.problem("") if self.service.probe else None
        if problem is not None:
            raise ServerError(
                f"{self.service.name} at {self.service.address}, which a setting names, "
                f"does not answer: {problem}",
                hint="start it, correct the setting, or unset it: then the stack has its own",
            )
        self._status = "elsewhere"

    def _rest(self, error: FlywheelError) -> None:
        if self._status == "up" and time.monotonic() - self._since > STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self.kill()
        self._status, self._since, self._note = "restarting", time.monotonic(), error.message

    def _failure(self, what: str) -> ServerError:
        said = self.said() or "it said nothing"
        return ServerError(
            f"{self.service.name} {what}: {said}", hint=f"all that it said is in {self.log}"
        )

    def _opened_log(self) -> IO[bytes]:
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            if self.log.is_file() and self.log.stat().st_size > LOG_BYTES:
                self.log.replace(self.log.with_suffix(".log.1"))
            log = self.log.open("ab", buffering=0)
            # Says at once that a disk is full, which the service could only say here.
            log.write(f"--- {self.service.name} starts\n".encode())
        except OSError as error:
            raise StoreError(
                f"the log {self.log} cannot be written: {error.strerror}",
                hint="make room, or choose another DSPYUI_HOME",
            ) from error
        self._said_from = log.tell()
        return log

    def _spawned(self, log: IO[bytes], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        if self._listener is None:
            self.claim()
        try:
            descriptors = _descriptors(self._listener)
            mark = mark_of(self._mark, self.service.name)
            return subprocess.Popen(
                self._command(descriptors),
                pass_fds=descriptors,
                env={**environment, **self.service.environment, MARK: mark},
                cwd=self.service.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the supervisor, which ends all of them in order.
                start_new_session=True,
            )
        finally:
            # Its own from here on: where it dies, its port is free, and who asks is refused.
            self._let_go()

    def _let_go(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _command(self, descriptors: tuple[int, ...]) -> list[str]:
        watch = "kernel" if self.service.by_kernel else "poll"
        child = [sys.executable, "-P", "-m", "deployments.stack.child", str(os.getpid()), watch]
        named = {SOCKET: str(descriptors[0])} if descriptors else {}
        return [*child, *(named.get(word, word) for word in self.service.command)]


def _descriptors(listener: socket.socket | None) -> tuple[int, ...]:
    return () if listener is None else (listener.fileno(),)
