"""Owns a Prefect server of the tests: a process like the one that the project itself runs."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deployments.prefect_server import health_problem
from support.processes import running, wait_until


@contextmanager
def prefect_process(
    folder: Path, environment: Mapping[str, str], *, services: bool = True
) -> Iterator[str]:
    """Run a Prefect server with its files in `folder`, and yield the address of its API.

    Without `services` it records what happens, and starts nothing by the clock or by events.
    """
    quiet = {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        **({} if services else {"PREFECT__SERVER_WEBSERVER_ONLY": "1"}),
    }
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        env = {**environment, **quiet, "PREFECT_API_URL": url}
        command = [sys.executable, "-m", "deployments.stack.serve_prefect", str(listener.fileno())]
        log, inherited = folder / "server.log", [listener.fileno()]
        with running(command, env=env, cwd=folder, log=log, pass_fds=inherited):
            wait_until(lambda: health_problem(url, timeout=2) is None, 120)
            yield url
