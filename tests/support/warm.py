"""Owns a Python that has imported the libraries: what is asked of it is a fork, and begins at once.

Most of what a short command takes is the import of MLflow, DSPy and what is behind them, and a few
hundred commands are run. The project's own code is imported by each of them, and so is Prefect,
which reads the environment then. Where the import itself matters, use `sys.executable`.

`python warm.py SOCKET` is that Python, `python warm.py SOCKET [-m module | script] ...` asks it.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ForkingMixIn, UnixStreamServer
from typing import Any, NoReturn

LIBRARIES = (
    "alembic.command",
    "dspy",
    "fastapi",
    "fsspec",
    "griffe",
    "httpx",
    "mlflow",
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
    "pandas",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pydantic_settings",
    "rich.console",
    "scipy.stats",
    "slugify",
    "sqlalchemy",
    "typer",
)
STREAMS = (0, 1, 2)
# Seconds between two looks at a command, and whether somebody still waits for it.
LOOK = 0.01


@contextmanager
def warm_python(folder: Path) -> Iterator[tuple[str, ...]]:
    """How to start a warm Python while the block runs: what `(sys.executable,)` is for a cold one.

    `folder` takes its socket, and has a short name: a socket's may have a hundred characters.
    """
    from support.processes import running, wait_until

    address = folder / "warm"
    own = [sys.executable, str(Path(__file__)), str(address)]
    with running(own, log=folder / "warm.log"):
        wait_until(address.exists, 60)
        yield sys.executable, "-I", "-S", str(Path(__file__)), str(address)


def ask(address: str, command: Sequence[str]) -> int:
    """Have a command run with this process's streams, environment and folder; its exit code."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        asked = {"command": command, "environment": dict(os.environ), "folder": str(Path.cwd())}
        socket.send_fds(server, [b"!"], STREAMS)
        server.sendall(json.dumps(asked).encode())
        server.shutdown(socket.SHUT_WR)
        return int(server.recv(16))


class _Server(ForkingMixIn, UnixStreamServer):
    max_children = 100
    request_queue_size = 100


class _Request(BaseRequestHandler):
    """In a process of its own: forks the command, and tells how it ended."""

    def handle(self) -> None:
        _, streams, *_ = socket.recv_fds(self.request, 1, len(STREAMS))
        asked = json.loads(b"".join(iter(lambda: self.request.recv(1 << 16), b"")))
        child = os.fork()
        if not child:
            _become(asked, streams)
        for stream in streams:
            os.close(stream)
        self.request.sendall(str(self._awaited(child)).encode())

    def _awaited(self, child: int) -> int:
        gone = select.poll()
        gone.register(self.request, select.POLLHUP)
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            if gone.poll(1000 * LOOK):
                os.kill(child, signal.SIGKILL)


def _become(asked: Any, streams: Sequence[int]) -> NoReturn:
    """Be the Python that was asked for, to the end."""
    for number, stream in zip(STREAMS, streams, strict=True):
        os.dup2(stream, number)
    os.closerange(3, 100)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1)
    code: Any = 1
    try:
        _run(asked["command"])
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - the edge where a process ends
        traceback.print_exc()
    if isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _run(command: Sequence[str]) -> None:
    is_module = command[0] == "-m"
    own = str(Path.cwd() if is_module else Path(command[0]).parent)
    given = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:1] = [own, *given]
    sys.argv = list(command[1:] if is_module else command)
    if is_module:
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(command[0], run_name="__main__")


def serve(address: str) -> None:
    """Import the libraries, then fork until this process is ended."""
    from mlflow.utils import requirements_utils

    for library in LIBRARIES:
        importlib.import_module(library)
    # MLflow asks every installed package for its modules, once in a process, to log a program.
    requirements_utils._init_packages_to_modules_map()
    # What lies there already is never looked through again, nor copied.
    gc.freeze()
    with _Server(f"{address}.new", _Request) as server:
        Path(f"{address}.new").rename(address)
        server.serve_forever()


if __name__ == "__main__":
    if sys.argv[2:]:
        code = ask(sys.argv[1], sys.argv[2:])
        if code < 0:
            os.kill(os.getpid(), -code)
        sys.exit(code)
    serve(sys.argv[1])
