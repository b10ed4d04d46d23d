"""Owns the proof of the Prefect server rule: who is used, who is started, and who is left alive."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from deployments.prefect_server import (
    API_URL,
    PrefectServer,
    health_problem,
    prefect_environment,
)
from dspyui_core.errors import ServerError, StoreError
from support.processes import free_port, is_alive, running, wait_until

ROOT = Path(__file__).parents[2]

# A command as the CLI is one: start, import Prefect meanwhile, wait, run a flow, stop.
RUN_A_FLOW = """
import json, os, sys
from pathlib import Path
from deployments.prefect_server import prefect_api

with prefect_api(Path(sys.argv[1])) as server:
    from prefect import flow, task

    @task
    def doubled(number):
        return 2 * number

    @flow
    def total(numbers):
        return sum(future.result() for future in [doubled.submit(n) for n in numbers])

    server.wait()
    child = server.owned_pid
    answer = total([1, 2, 3])
print(json.dumps({"answer": answer, "child": child, "url": server.url,
                  "left": os.environ.get("PREFECT_API_URL")}))
"""

# A command that is killed: it starts a server (in a thread that ends, where asked) and says so.
WAIT_TO_BE_KILLED = """
import sys, time
from pathlib import Path
from threading import Thread
from deployments.prefect_server import PrefectServer

home, note, threaded = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "thread"
server = PrefectServer(home)

def started():
    server.start()
    server.wait()

if threaded:
    starter = Thread(target=started)
    starter.start()
    starter.join()
else:
    started()
note.with_suffix(".part").write_text(str(server.owned_pid))
note.with_suffix(".part").rename(note)
time.sleep(600)
"""


@dataclass(frozen=True)
class Finished:
    """One finished command: its home, what it printed as JSON, what it said on stderr."""

    home: Path
    said: dict[str, Any]
    stderr: str


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-c", RUN_A_FLOW, str(home)],
        env=_child_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Finished(home, json.loads(done.stdout), done.stderr)


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment that may be changed and is put back, with no server configured in it."""
    before = dict(os.environ)
    monkeypatch.delenv(API_URL, raising=False)
    yield monkeypatch
    os.environ.clear()
    os.environ.update(before)


def _child_environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != API_URL}
    return {**inherited, "PYTHONPATH": str(ROOT)}


@contextmanager
def _answering(body: bytes) -> Iterator[str]:
    """An HTTP server that answers every GET with `body`; yields its address with /api."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/api"
        server.shutdown()


def test_an_own_server_serves_a_flow_run_and_leaves_no_process(finished: Finished) -> None:
    assert finished.said["answer"] == 12
    assert not is_alive(finished.said["child"])
    assert health_problem(finished.said["url"], timeout=2) is not None


def test_a_stopped_server_is_forgotten_and_its_command_was_quiet(finished: Finished) -> None:
    assert finished.said["left"] is None
    assert finished.stderr == ""


def test_what_ran_is_in_the_homes_database_after_the_stop(finished: Finished) -> None:
    with closing(sqlite3.connect(finished.home / "prefect" / "prefect.db")) as database:
        flow_runs = database.execute("select state_type from flow_run").fetchall()
        task_runs = database.execute("select state_type from task_run").fetchall()

    assert flow_runs == [("COMPLETED",)]
    assert task_runs == [("COMPLETED",)] * 3


def test_kill_9_of_two_commands_in_one_home_leaves_no_server(
    finished: Finished, tmp_path: Path
) -> None:
    notes = {how: tmp_path / how for how in ("main", "thread")}
    scripts = {
        how: [sys.executable, "-c", WAIT_TO_BE_KILLED, str(finished.home), str(note), how]
        for how, note in notes.items()
    }
    env = _child_environment()
    with running(scripts["main"], env=env) as one, running(scripts["thread"], env=env) as two:
        children = [_noted_pid(note) for note in notes.values()]
        assert all(is_alive(child) for child in children)

        for command in (one, two):
            command.kill()

        try:
            wait_until(lambda: not any(map(is_alive, children)), 30)
        finally:
            for orphan in filter(is_alive, children):
                os.kill(orphan, signal.SIGKILL)


def _noted_pid(note: Path) -> int:
    wait_until(note.exists, 60)
    return int(note.read_text())


def test_a_dead_address_is_named_at_once_with_its_remedy(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{free_port()}/api"
    environ.setenv(API_URL, address)
    began = time.monotonic()

    with pytest.raises(ServerError) as raised:
        PrefectServer(tmp_path).start()

    assert time.monotonic() - began < 5
    assert address in raised.value.message
    assert "unset PREFECT_API_URL" in raised.value.hint


def test_an_address_of_something_else_is_an_error(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with _answering(b"<html>") as address:
        environ.setenv(API_URL, address)

        with pytest.raises(ServerError, match="not a Prefect API"):
            PrefectServer(tmp_path).start()


def test_a_live_address_in_the_environment_is_used_and_left_alone(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with _answering(b"true") as address:
        environ.setenv(API_URL, address)
        server = PrefectServer(tmp_path).start()

        assert (server.wait(), server.owned_pid) == (address, None)
        server.stop()
        assert os.environ[API_URL] == address
        assert health_problem(address) is None


def test_the_homes_live_server_is_used_and_left_alone(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with _answering(b"true") as address:
        _write_record(tmp_path, address)
        server = PrefectServer(tmp_path).start()

        assert (server.wait(), server.owned_pid) == (address, None)
        assert os.environ[API_URL] == address
        server.stop()
        assert API_URL not in os.environ
        assert health_problem(address) is None


def test_an_empty_address_and_a_stale_record_are_ignored(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ.setenv(API_URL, "")
    _write_record(tmp_path, f"http://127.0.0.1:{free_port()}/api")

    server = PrefectServer(tmp_path).start()
    child = server.owned_pid
    try:
        assert child is not None and is_alive(child)
        assert os.environ[API_URL] == server.url
    finally:
        server.stop()

    assert not is_alive(child)


def test_a_server_that_cannot_start_says_why(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:////nowhere/x.db")
    server = PrefectServer(tmp_path).start()

    with pytest.raises(ServerError, match="unable to open database file") as raised:
        server.wait()

    assert str(server.log) in raised.value.hint
    assert server.owned_pid is None


def test_a_home_that_cannot_be_written_is_an_error(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "prefect").write_text("a file where a folder has to be")

    with pytest.raises(StoreError, match="cannot be written"):
        PrefectServer(tmp_path).start()

    assert API_URL not in os.environ


def test_loopback_goes_past_a_proxy_and_the_users_exceptions_stay(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ.delenv("no_proxy", raising=False)
    environ.setenv("NO_PROXY", "internal.example")

    prefect_environment(tmp_path)

    assert os.environ["no_proxy"] == "internal.example,127.0.0.1"


def _write_record(home: Path, url: str) -> None:
    (home / "prefect").mkdir()
    (home / "prefect" / "server.json").write_text(json.dumps({"url": url, "pid": 1}))
