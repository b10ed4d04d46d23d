"""Owns a Prefect server of the tests: a process like the one that the project itself runs."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from deployments.prefect_server import CHILD, health_problem
from support.processes import running, wait_until

Kind = Literal["stack", "own", "bare"]


@contextmanager
def prefect_process(
    folder: Path, environment: Mapping[str, str], *, kind: Kind = "stack"
) -> Iterator[str]:
    """Run a Prefect server with its files in `folder`, and yield the address of its API.

    `stack`: as `dspyui up` has it. `own`: as a command starts it for itself, which starts nothing
    by the clock. `bare`: neither does it do anything about events, task runs among them.
    """
    quiet = {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        **({"PREFECT__SERVER_WEBSERVER_ONLY": "1"} if kind == "bare" else {}),
    }
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        env = {**environment, **quiet, "PREFECT_API_URL": url}
        descriptor = listener.fileno()
        command = [sys.executable, *_served(kind, descriptor)]
        log = folder / "server.log"
        with running(command, env=env, cwd=folder, log=log, pass_fds=[descriptor]):
            wait_until(lambda: health_problem(url, timeout=2) is None, 120)
            yield url


def _served(kind: Kind, descriptor: int) -> tuple[str, ...]:
    if kind == "own":
        return ("-P", str(CHILD), str(descriptor), str(os.getpid()), "poll")
    return ("-m", "deployments.stack.serve_prefect", str(descriptor))
