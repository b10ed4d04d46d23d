"""Owns the processes of the end-to-end tests: free ports, waiting, and ending what a test began."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


# Below the ports that a kernel gives to whoever asks for any, and so to every outgoing connection.
_FIRST_PORT, _PORTS_EACH, _SHARES = 12_000, 2_000, 10
_numbers = count(os.getpid())


def free_port() -> int:
    """A loopback port that nobody listens on, and that no other process is given meanwhile.

    Each worker of a parallel run has ports of its own, and each call takes the next one.
    """
    return next(port for port in map(_own_port, _numbers) if _is_free(port))


def _own_port(number: int) -> int:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return _FIRST_PORT + worker % _SHARES * _PORTS_EACH + number % _PORTS_EACH


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def environment_of(pid: int) -> list[bytes]:
    """The settings that a process began with, each as `NAME=value`; none where it is not ours."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # or has ended
        return []


def wait_until(predicate: Callable[[], T], timeout: float, *, interval: float = 0.1) -> T:
    """The first true value of `predicate`; AssertionError when there is none in `timeout` s."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {value!r} after {timeout} s: {predicate}")
        time.sleep(interval)
    return value


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    stop_seconds: float = 10.0,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in the background; at the end that process, and no other, is ended.

    Output goes to `log`, or nowhere. `env` replaces the environment, and the process
    inherits the descriptors `pass_fds`.
    """
    output = (log or Path(os.devnull)).open("ab")
    with (
        output,
        subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
        ) as process,
    ):
        try:
            yield process
        finally:
            _end(process, stop_seconds)


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists and is more than a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def _end(process: subprocess.Popen[bytes], stop_seconds: float) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(stop_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
