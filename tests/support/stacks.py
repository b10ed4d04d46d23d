"""Owns stacks of fake services: what they are, and their supervisor as a process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from deployments.stack.probes import Answers
from deployments.stack.services import SOCKET, Service
from deployments.stack.state import Stack, read_state
from support.home import ROOT
from support.processes import free_port, running, wait_until

# Two runs of the tests on one machine are not each other's leftovers.
MARK = f"test{os.getpid()}"


def fake_service(name: str, deed: str, home: Path, **changes: Any) -> Service:
    """A service that does one deed of `support.fake_service`."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    facts: dict[str, Any] = {
        "command": ("support.fake_service", SOCKET, deed, str(home / "forked")),
        "probe": Answers(address),
        "port": port,
        "address": address,
        "once": deed == "once",
        "by_kernel": deed != "fork",
        "start_seconds": 2.0 if deed == "silent" else 20.0,
    }
    return Service(name, "stands in for a server", **facts | changes)


def environment() -> dict[str, str]:
    """That of a supervisor: this source tree, and the tests' own modules."""
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    return {**os.environ, "PYTHONPATH": path}


@contextmanager
def supervised(home: Path, *deeds: str, mark: str = MARK) -> Iterator[Any]:
    """A supervisor of fake services as a process of its own; its words are in `home/said`."""
    home.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "support.stack_process", str(home), mark, *deeds]
    with running(command, env=environment(), log=home / "said") as process:
        yield process


def until_up(home: Path) -> Stack:
    """The stack, once all of it is up."""

    def up() -> Stack | None:
        found = read_state(home)
        return found if found is not None and found.status == "up" else None

    found = wait_until(up, 30)
    assert found is not None
    return found


def answer(address: str | None) -> str:
    """What a fake service answers: its process number."""
    with urlopen(str(address), timeout=5) as said:
        return str(said.read().decode())
