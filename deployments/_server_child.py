"""Owns the process of our own Prefect server: one inherited socket, one parent, one life.

Run as a script by `deployments.prefect_server` with three arguments: the descriptor of a bound
socket, the parent's process id, and whether the kernel may tie this process to its parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn
from filelock import FileLock
from prefect.server.api.server import create_app

WATCH_SECONDS = 0.5
SHUTDOWN_SECONDS = 3
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class OwnServer(uvicorn.Server):
    """A uvicorn server whose start-up, database migrations included, happens one at a time.

    Two commands in one home start two servers on one database file, and two migrations of a
    fresh file at once break each other.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        with FileLock(Path(os.environ["PREFECT_HOME"]) / "startup.lock"):
            await super().startup(sockets=sockets)


def die_with(parent: int, *, by_kernel: bool) -> None:
    """End this process when `parent` ends, however it ends.

    The kernel's way is immediate but bound to the thread that started this process, so it is
    only taken where that is the parent's main thread. The watch works everywhere.
    """
    if by_kernel and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main(descriptor: int, parent: int, *, by_kernel: bool) -> None:
    """Serve Prefect's API on the socket `descriptor` until told to stop or orphaned.

    `ephemeral` is Prefect's word for a server without user interface, scheduler and clean-up
    loops: what happens in a command's lifetime is recorded, nothing is started by the clock.
    """
    die_with(parent, by_kernel=by_kernel)
    listener = socket.socket(fileno=descriptor)
    config = uvicorn.Config(
        create_app(ephemeral=True, final=True),
        log_level="error",
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    OwnServer(config).run(sockets=[listener])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), by_kernel=sys.argv[3] == "kernel")
