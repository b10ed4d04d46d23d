"""Owns the Prefect server rule: which server this process talks to, and the one it starts itself.

In this order: the server that PREFECT_API_URL names; the home's live server; an own child on a
free port, which dies with this process. Prefect reads its settings at import, so `start()` comes
before the first `import prefect`; flows are imported between `start()` and `wait()`, while the
child is getting ready:

    with prefect_api(home) as server:
        from flows.data_flywheel import data_flywheel
        server.wait()
        data_flywheel(request)
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from dspyui_core.errors import ServerError, StoreError

API_URL = "PREFECT_API_URL"
CHILD = Path(__file__).with_name("_server_child.py")
START_SECONDS = 90.0
HEALTH_SECONDS = 5.0
DRAIN_SECONDS = 10.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
LOG_BYTES = 1_000_000
TAIL_BYTES = 2_000
# The queues that Prefect empties at interpreter exit, when an own server is already gone.
PREFECT_WORKERS = {
    "prefect.events.worker": "EventsWorker",
    "prefect.logging.handlers": "APILogWorker",
}


def prefect_environment(home: Path, *, verbose: bool = False) -> Mapping[str, str]:
    """Put Prefect's settings for `home` into `os.environ` and return them.

    Prefect's files live in `home/prefect`, nothing is sent anywhere, and Prefect's temporary
    server stays off. The console stays quiet, as the command itself tells what went wrong, unless
    `verbose` or PREFECT_LOGGING_LEVEL is set; flow run logs reach the server either way. An empty
    PREFECT_API_URL is removed: Prefect takes it for an address and prints a traceback per call.
    """
    settings = {
        "PREFECT_HOME": str(home.resolve() / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_LOGGING_COLORS": "false",
        "DO_NOT_TRACK": "1",
    }
    if not verbose and "PREFECT_LOGGING_LEVEL" not in os.environ:
        settings["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    os.environ.update(settings | _loopback_past_proxies())
    if not os.environ.get(API_URL, "").strip():
        os.environ.pop(API_URL, None)
    return settings


def health_problem(url: str, *, timeout: float = HEALTH_SECONDS) -> str | None:
    """What is wrong with the Prefect API at `url`, or None when it answers within `timeout` s."""
    try:
        with urlopen(f"{url.rstrip('/')}/health", timeout=timeout) as answer:
            healthy = answer.read(16).strip() == b"true"
            return None if healthy else "what answers there is not a Prefect API"
    except HTTPError as error:
        # A server that asks for credentials is alive; Prefect's own client has them.
        return None if error.code in (401, 403) else f"it answers HTTP {error.code}"
    except URLError as error:
        return str(error.reason)
    except (OSError, ValueError, HTTPException) as error:
        return str(error)


class PrefectServer:
    """The Prefect server of one command: found, or started and stopped by it.

    `home` is DSPYUI_HOME. An own child has its database in `home/prefect` and its log in
    `home/prefect/server.log`. `stop()` touches nothing but an own child.
    """

    def __init__(
        self, home: Path, *, verbose: bool = False, start_seconds: float = START_SECONDS
    ) -> None:
        self.folder = home.resolve() / "prefect"
        self.url = ""
        self._home = home
        self._verbose = verbose
        self._start_seconds = start_seconds
        self._deadline = 0.0
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._exported = False

    @property
    def log(self) -> Path:
        """The own child's output, appended to by every child of this home."""
        return self.folder / "server.log"

    @property
    def owned_pid(self) -> int | None:
        """The own child's process id, or None where a found server is used."""
        return self._child.pid if self._child else None

    def start(self) -> Self:
        """Settle the server's address and export it; an own child is not waited for.

        Raises ServerError when PREFECT_API_URL names a server that does not answer, and
        StoreError when `home/prefect` cannot be written.
        """
        prefect_environment(self._home, verbose=self._verbose)
        if given := os.environ.get(API_URL):
            self.url = _answering(given)
        elif found := live_server(self.folder / "server.json"):
            self._export(found)
        else:
            self._deadline = time.monotonic() + self._start_seconds
            self._spawn()
        return self

    def wait(self) -> str:
        """Return the API's address once it answers.

        Raises ServerError, with the end of its log, when an own child dies or is not ready
        `start_seconds` after `start()`; the child is stopped then.
        """
        while self._child and health_problem(self.url, timeout=2.0):
            if self._child.poll() is not None:
                raise self._failure(f"ended with code {self._child.returncode} while starting")
            if time.monotonic() > self._deadline:
                raise self._failure(f"did not answer within {self._start_seconds:.0f} s")
            time.sleep(POLL_SECONDS)
        return self.url

    def stop(self) -> None:
        """Empty Prefect's queues, end an own child, forget the address; not for event loops.

        Without the draining, Prefect's exit handlers wait a minute for a server that is gone.
        """
        if not self._exported:
            return
        child, self._child, self._exported = self._child, None, False
        try:
            if child is None or child.poll() is None:
                drain_prefect()
        finally:
            if child is not None:
                _end(child)
            os.environ.pop(API_URL, None)
            _refresh_prefect()

    def _spawn(self) -> None:
        with self._opened_log() as log, socket.socket() as listener:
            self._log_start = log.tell()
            # The child inherits a bound socket, so nobody else can take the port meanwhile.
            listener.bind(("127.0.0.1", 0))
            self._export(f"http://127.0.0.1:{listener.getsockname()[1]}/api")
            self._child = _spawned(listener, log)

    def _opened_log(self) -> IO[bytes]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
                self.log.replace(self.log.with_suffix(".log.1"))
            return self.log.open("ab")
        except OSError as error:
            raise StoreError(
                f"the Prefect folder {self.folder} cannot be written: {error.strerror}",
                hint="make it writable or choose another DSPYUI_HOME",
            ) from error

    def _export(self, url: str) -> None:
        self.url = url
        self._exported = True
        os.environ[API_URL] = url
        _refresh_prefect()

    def _failure(self, what: str) -> ServerError:
        tail = self.log.read_bytes()[self._log_start :][-TAIL_BYTES:].decode(errors="replace")
        url = self.url
        self.stop()
        return ServerError(
            f"the own Prefect server at {url} {what}: {tail.strip() or 'its log is empty'}",
            hint=f"its log is {self.log}; a server that runs already is used through {API_URL}",
        )


@contextmanager
def prefect_api(home: Path, *, verbose: bool = False) -> Iterator[PrefectServer]:
    """Start by the server rule, hand the server over without waiting for it, and stop it."""
    server = PrefectServer(home, verbose=verbose).start()
    try:
        yield server
    finally:
        server.stop()


def drain_prefect(*, timeout: float = DRAIN_SECONDS) -> None:
    """Send what Prefect has queued in this process, waiting at most `timeout` s per queue."""
    for module, worker in PREFECT_WORKERS.items():
        if module in sys.modules:
            getattr(sys.modules[module], worker).drain_all(timeout=timeout)


def _loopback_past_proxies() -> dict[str, str]:
    """NO_PROXY with 127.0.0.1 in it, in both spellings: the lower one hides the upper one."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host for host in given.split(",") if host]
    merged = ",".join(dict.fromkeys([*hosts, "127.0.0.1"]))
    return {"no_proxy": merged, "NO_PROXY": merged}


def _answering(url: str) -> str:
    problem = health_problem(url)
    if problem is None:
        return url
    raise ServerError(
        f"the Prefect server at {url} ({API_URL}) does not answer: {problem}",
        hint=f"start it, correct the address (it ends with /api), or unset {API_URL} "
        "and a server is started for you",
    )


def live_server(record: Path) -> str | None:
    """The address in a home's `server.json`, or None where it is missing, broken or stale."""
    try:
        url = json.loads(record.read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) and health_problem(url) is None else None


def _spawned(listener: socket.socket, log: IO[bytes]) -> subprocess.Popen[bytes]:
    in_main_thread = threading.current_thread() is threading.main_thread()
    watch = "kernel" if in_main_thread else "poll"
    descriptor = listener.fileno()
    # -P: the folder of the script holds modules of ours that are nobody's top-level imports.
    return subprocess.Popen(
        [sys.executable, "-P", str(CHILD), str(descriptor), str(os.getpid()), watch],
        pass_fds=[descriptor],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        # An own session: Ctrl-C reaches this process only, which then stops the child in order.
        start_new_session=True,
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _refresh_prefect() -> None:
    """Make a Prefect that is already imported read the environment again (it caches at import)."""
    if context := sys.modules.get("prefect.context"):
        context.refresh_global_settings_context()
