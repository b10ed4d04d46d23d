"""A service is ready when it answers, reports anew, or says so; and not before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from deployments.stack.probes import Answers, PrefectAnswers, Says, WorkerReports
from deployments.stack.reviving import free_slots, revive
from support.processes import free_port
from tasks._keys import RESUMES


@contextmanager
def _server(answers: Mapping[str, Any], asked: list[Any] | None = None) -> Iterator[str]:
    """A server that answers each path as told: an HTTP code, or JSON."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if asked is not None:
                asked.append((self.path, json.loads(self.rfile.read(length) or b"null")))
            found = answers.get(self.path, 404)
            self.send_response(found if type(found) is int else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        do_POST = do_PATCH = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_server_is_ready_when_it_answers_whoever_may_ask() -> None:
    with _server({"/health": 200, "/closed": 401, "/broken": 500}) as url:
        assert Answers(f"{url}/health").problem("") is None
        assert Answers(f"{url}/closed").problem("") is None
        assert Answers(f"{url}/broken").problem("") == "it answers HTTP 500"
    nobody = Answers(f"http://127.0.0.1:{free_port()}").problem("")
    assert nobody is not None
    assert "refused" in nobody


def test_a_prefect_api_is_more_than_a_server_that_answers() -> None:
    with _server({"/health": True}) as url:
        assert PrefectAnswers(url).problem("") is None
    with _server({"/health": 204}) as url:
        assert PrefectAnswers(url).problem("") == "what answers there is not a Prefect API"


def test_a_worker_is_ready_when_it_reports_anew_whatever_the_clock_says() -> None:
    """The second report is earlier than the first: somebody turned the clock back between them."""
    workers = [{"name": "me", "last_heartbeat_time": "2031-05-01T12:00:00Z"}]
    with _server({"/work_pools/dspyui/workers/filter": workers}) as url:
        probe = WorkerReports(url, "dspyui", "me")
        probe.before()
        before = probe.problem("")
        workers[0]["last_heartbeat_time"] = "2031-05-01T09:00:00Z"

        assert before == "it has not reported yet"
        assert probe.problem("") is None


@pytest.mark.parametrize("found", [404, [], [{"name": "you", "last_heartbeat_time": "now"}]])
def test_another_worker_or_none_is_not_ours(found: Any) -> None:
    with _server({"/work_pools/dspyui/workers/filter": found}) as url:
        probe = WorkerReports(url, "dspyui", "me")
        probe.before()

        assert probe.problem("") == "it has not reported yet"


def test_a_worker_of_a_server_that_tells_us_nothing_is_taken_at_its_word() -> None:
    with _server({"/work_pools/dspyui/workers/filter": 401}) as url:
        assert WorkerReports(url, "dspyui", "me").problem("") is None


def test_who_has_no_address_says_that_it_is_ready() -> None:
    probe = Says("mirroring until")

    assert probe.problem("reading") is not None
    assert probe.problem("reading\nmirroring until Ctrl-C") is None


def _run(name: str, state: str, *tags: str) -> dict[str, Any]:
    return {"id": name, "name": name, "state": {"type": state}, "tags": ["dspyui", *tags]}


def test_what_a_killed_stack_began_goes_on_unless_it_must_not_be_repeated() -> None:
    asked: list[Any] = []
    runs = [
        _run("turn", "RUNNING", RESUMES),
        _run("rollback", "RUNNING"),
        _run("rollback-to-come", "PENDING"),
    ]
    paths = {f"/flow_runs/{run['name']}/set_state": {} for run in runs}
    with _server({"/flow_runs/filter": runs, **paths}, asked) as url:
        assert revive(url, "dspyui") == ["turn", "rollback-to-come"]

    (_, question), *changes = asked
    assert question["flow_runs"]["state"]["type"]["any_"] == ["RUNNING", "PENDING"]
    assert question["work_pools"]["name"]["any_"] == ["dspyui"]
    assert [path for path, _ in changes] == list(paths)
    states = [change["state"]["type"] for _, change in changes]
    assert states == ["SCHEDULED", "CRASHED", "SCHEDULED"]
    assert all(change["force"] for _, change in changes)


def test_slots_that_dead_runs_hold_are_given_back_with_their_leases(tmp_path: Path) -> None:
    asked: list[Any] = []
    limits = [
        {"name": "dspyui-program-desk", "active_slots": 1},
        {"name": "dspyui-program-idle", "active_slots": 0},
        {"name": "somebody-elses", "active_slots": 1},
    ]
    for name in ("0f3a-11.json", "expirations.json"):
        (tmp_path / name).write_text("{}")
    given = "/v2/concurrency_limits/dspyui-program-desk"
    with _server({"/v2/concurrency_limits/filter": limits, given: {}}, asked) as url:
        assert free_slots(url, tmp_path) == ["dspyui-program-desk"]

    assert asked[1:] == [(given, {"active_slots": 0})]
    assert not list(tmp_path.iterdir())
