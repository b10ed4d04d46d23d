"""Owns the process of our own Prefect server: one inherited socket, one parent, one life.

Run as a script by `deployments.prefect_server` with three arguments: the descriptor of a bound
socket, the parent's process id, and whether the kernel may tie this process to its parent.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import uvicorn
from filelock import FileLock
from prefect.server.api.server import create_app

from deployments._collecting import collect_aside
from deployments._parent import die_with

SHUTDOWN_SECONDS = 3


class OwnServer(uvicorn.Server):
    """A uvicorn server whose start-up, database migrations included, happens one at a time.

    Two commands in one home start two servers on one database file, and two migrations of a
    fresh file at once break each other.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        with FileLock(Path(os.environ["PREFECT_HOME"]) / "startup.lock"):
            await super().startup(sockets=sockets)


def serve(descriptor: int, *, ephemeral: bool, log_level: str = "error") -> None:
    """Serve Prefect's API on the socket `descriptor` until told to stop.

    `ephemeral` is Prefect's word for a server without user interface, scheduler and clean-up
    loops: what happens in a command's lifetime is recorded, nothing is started by the clock.
    """
    collect_aside()
    listener = socket.socket(fileno=descriptor)
    config = uvicorn.Config(
        create_app(ephemeral=ephemeral, final=True),
        log_level=log_level,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    OwnServer(config).run(sockets=[listener])


def main(descriptor: int, parent: int, *, by_kernel: bool) -> None:
    """Serve one command's flow runs until told to stop or orphaned."""
    die_with(parent, by_kernel=by_kernel)
    serve(descriptor, ephemeral=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), by_kernel=sys.argv[3] == "kernel")
