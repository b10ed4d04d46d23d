"""The doctor's questions to real servers: an LM, an MLflow server, a Prefect server."""

from __future__ import annotations

import linecache
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deployments.doctor.databases import Mlflow
from deployments.doctor.prefect import PrefectServer
from deployments.doctor.program import Lm, OwnCode
from dspyui_core import programs
from dspyui_core.mlflow_registry import set_alias
from dspyui_core.mlflow_service import register_compiled_model
from dspyui_core.mlflow_tracking import turn_run
from dspyui_core.spec import LmSpec, ProgramSpec, parse_spec
from dspyui_core.workspace import Workspace
from support.openai_server import Broken, OpenAIServer

NOWHERE = "http://127.0.0.1:9"
KEY = "sk-proj-0123456789abcdef"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return KEY


@pytest.fixture
def web() -> Iterator[str]:
    """A server that is healthy, as MLflow and Prefect say it, at /health and /api/health."""

    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"true" if self.path.startswith("/api") else b"OK")

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_lm_that_answers_is_asked_once_with_its_time(key: str) -> None:
    with OpenAIServer() as server:
        finding = Lm(LmSpec(name="openai/test-model", api_base=server.address)).run()

    assert finding.status == "ok"
    assert finding.found.startswith("openai/test-model answered in ")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (LmSpec(name="openai/test-model", api_base=f"{NOWHERE}/v1"), "could not be reached"),
        (LmSpec(name="openai/"), "cannot be opened"),
    ],
)
def test_an_lm_that_does_not_answer_fails_with_what_to_do(
    key: str, spec: LmSpec, said: str
) -> None:
    finding = Lm(spec).run()

    assert (finding.status, said in finding.found) == ("fail", True)
    assert finding.remedy


def test_a_refused_key_is_told_without_repeating_it(key: str) -> None:
    refusal = Broken(401, f'{{"error": {{"message": "Incorrect API key provided: {KEY}"}}}}')

    with OpenAIServer([refusal]) as server:
        finding = Lm(LmSpec(name="openai/test-model", api_base=server.address)).run()

    assert finding.status == "fail"
    assert "refused the API key" in finding.found
    assert KEY not in finding.found


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    finding = Lm(LmSpec(name="openai/test-model", api_base=f"{NOWHERE}/v1")).run()

    assert (finding.status, "OPENAI_API_KEY" in finding.found) == ("fail", True)


def test_servers_that_answer_are_fine(web: str, tmp_path: Path) -> None:
    assert Mlflow(web).run().status == "ok"
    assert PrefectServer(f"{web}/api", tmp_path).run().status == "ok"


def test_servers_that_do_not_answer_fail_with_their_setting(tmp_path: Path) -> None:
    mlflow, prefect = Mlflow(NOWHERE).run(), PrefectServer(f"{NOWHERE}/api", tmp_path).run()

    assert (mlflow.status, prefect.status) == ("fail", "fail")
    assert "DSPYUI_MLFLOW__TRACKING_URI" in mlflow.remedy
    assert "unset PREFECT_API_URL" in prefect.remedy


def test_without_an_address_the_homes_server_or_an_own_one_is_used(
    web: str, tmp_path: Path
) -> None:
    record = tmp_path / "prefect" / "server.json"
    record.parent.mkdir()
    record.write_text(f'{{"url": "{web}/api"}}', encoding="utf-8")

    found, none = PrefectServer(None, tmp_path).run(), PrefectServer(None, tmp_path / "x").run()

    assert (found.status, f"{web}/api answers" in found.found) == ("ok", True)
    assert (none.status, "starts its own" in none.found) == ("ok", True)
    assert PrefectServer(" ", tmp_path).run().status == "warn"


CODE = "def metric(example, prediction, trace=None):\n    return {score}\n"


def test_own_code_that_changed_since_the_champion_was_made_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_template: Path
) -> None:
    code = tmp_path / "own_metric_of_doctor.py"
    code.write_text(CODE.format(score="1.0"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "home" / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, tmp_path / "home" / "mlflow" / "mlflow.db")
    ws = Workspace.open(tmp_path / "home")
    spec = parse_spec(SPEC)
    _make_champion(ws, spec, tmp_path)
    check = OwnCode(spec, ws.settings.tracking_uri(), tmp_path)
    before = check.run()

    code.write_text(CODE.format(score="0.5"), encoding="utf-8")
    linecache.clearcache()
    after = check.run()

    assert "as version 1 was made" in before.found
    assert (after.status, "own_metric_of_doctor:metric" in after.found) == ("warn", True)


SPEC = {
    "name": "checked",
    "signature": {
        "instructions": "Sort the message.",
        "inputs": {"text": "str"},
        "outputs": {"topic": {"type": "literal", "values": ["refund", "shipping"]}},
    },
    "metric": "python:own_metric_of_doctor:metric",
    "dataset": {"sources": "rows.csv"},
}


def _make_champion(ws: Workspace, spec: ProgramSpec, workspace: Path) -> None:
    folder = workspace / "saved"
    programs.save(programs.build(spec), spec, folder, workspace=workspace)
    run = turn_run(ws.client, ws.experiment(spec.name), turn_id="checked-0001")
    version = register_compiled_model(ws.client, spec.name, run, folder, spec, optimizer="auto")
    set_alias(ws.client, spec.name, "champion", version)
