"""Owns who a process is: its number with its start, the stack that it is of, and ending it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from dspyui_core.records import Record

PROC = Path("/proc")
BOOT = PROC / "sys" / "kernel" / "random" / "boot_id"
# In the environment of every process of a stack, and so of whatever such a process starts.
MARK = "DSPYUI_STACK"
POLL_SECONDS = 0.05
# How long the kernel may take for it.
KILL_SECONDS = 5.0
# Where the fields of /proc/PID/stat stand behind the name, which may hold anything: proc(5).
STATE, STARTED = 0, 19


class Process(Record):
    """A process that cannot be mistaken for a later one of the same number.

    `started` is when it began as its system tells it: on Linux ticks since a boot, which no change
    of the clock moves.
    """

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether it runs still, and is more than a zombie."""
        return start_of(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def identified(pid: int) -> Process:
    """The process that has this number now."""
    return Process(pid=pid, started=start_of(pid) or "")


def start_of(pid: int) -> str | None:
    """When the process with this number began, in its system's words; None where none runs."""
    return _start_by_proc(pid) if PROC.is_dir() else _start_by_ps(pid)


def mark_of(stack: str, service: str) -> str:
    """What a service of a stack, and whatever it starts, has in its environment."""
    return f"{stack}.{service}"


def marked(mark: str) -> list[int]:
    """The living processes of a stack (or one of its services) but this one.

    By the environment that they began with, whoever their parent is by now.
    """
    found = _environments() if PROC.is_dir() else _environments_by_ps()
    whole, part = f"{MARK}={mark}".encode(), f"{MARK}={mark}.".encode()
    mine = os.getpid()
    return [
        pid
        for pid, words in found
        if pid != mine and any(word == whole or word.startswith(part) for word in words)
    ]


def end(processes: Collection[Process], *, seconds: float) -> None:
    """Ask processes to end, wait so many seconds for all of them, and kill what is left."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, KILL_SECONDS)):
        for process in processes:
            process.signal(number)
        deadline = time.monotonic() + patience
        while any(process.alive for process in processes) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def kill_marked(mark: str) -> list[int]:
    """Kill every process that `marked` finds; returns their numbers."""
    found = marked(mark)
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return found


def _start_by_proc(pid: int) -> str | None:
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[STATE] in "ZX" else f"{_boot()}:{fields[STARTED]}"


@cache
def _boot() -> str:
    """Which boot of the machine this is; the ticks begin anew with each."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""


def _start_by_ps(pid: int) -> str | None:
    fields = _ps("-o", "stat=,lstart=", "-p", str(pid)).split(maxsplit=1)
    return None if len(fields) < 2 or fields[0].startswith("Z") else fields[1].strip()


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    for entry in PROC.glob("[0-9]*"):
        # A process may end meanwhile, or be somebody else's.
        with suppress(OSError):
            words = (entry / "environ").read_bytes().split(b"\0")
            if start_of(int(entry.name)) is not None:
                yield int(entry.name), words


def _environments_by_ps() -> Iterator[tuple[int, list[bytes]]]:
    for line in _ps("-Eww", "-x", "-o", "pid=,command=").splitlines():
        pid, *words = line.encode().split()
        yield int(pid), words


def _ps(*options: str) -> str:
    return subprocess.run(["ps", *options], capture_output=True, text=True, check=False).stdout
