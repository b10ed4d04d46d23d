"""The same doors against an MLflow tracking server: ids, numbers and errors come back alike."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import AssessmentSource, Expectation
from mlflow.tracing.client import TracingClient

from dspyui_core.errors import ModelNotFoundError, RunNotFoundError
from dspyui_core.mirror import Mirrored, PickedUp, mirror_once, mlflow_trace_id, pick_up
from dspyui_core.mlflow_loader import load_model_from_registry, load_model_from_run
from dspyui_core.mlflow_registry import CHAMPION, alias_version, set_alias, versions
from dspyui_core.mlflow_service import register_compiled_model
from dspyui_core.mlflow_tracking import experiment, open_client, turn_run
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal
from dspyui_core.store.watermarks import Watermarks
from integration.mlflow.conftest import order_spec
from support.processes import free_port, running, wait_until


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination", str(folder / "artifacts"),
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    # Without the local price list LiteLLM, which the server imports, hangs where there is no
    # network.
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    log = folder / "server.log"
    with running(command, env=os.environ | quiet | {"PATH": tools}, cwd=folder, log=log) as server:
        wait_until(lambda: server.poll() is not None or _is_up(port), 120, interval=0.3)
        assert server.poll() is None, log.read_text()
        yield open_client(f"http://127.0.0.1:{port}")


def test_a_program_is_registered_once_and_loads_as_champion(
    client: Any, name: str, save: Callable[..., Any]
) -> None:
    saved = save(name)
    place = experiment(client, name)
    run_id = turn_run(client, place, turn_id="t-1")
    made = [
        register_compiled_model(client, name, run_id, saved.folder, saved.spec, optimizer="auto")
        for _ in range(2)
    ]
    set_alias(client, name, CHAMPION, 1)
    assert (made, turn_run(client, place, turn_id="t-1")) == ([1, 1], run_id)
    assert [(found.version, found.stage) for found in versions(client, name)] == [(1, "Production")]
    assert load_model_from_registry(client, name).digest == saved.digest


def test_what_is_missing_is_said_in_our_words(client: Any, name: str) -> None:
    assert alias_version(client, name, CHAMPION) is None
    with pytest.raises(ModelNotFoundError):
        load_model_from_registry(client, name)
    with pytest.raises(RunNotFoundError):
        load_model_from_run(client, "0" * 32)


def test_the_mirror_copies_once_and_supersedes(client: Any, name: str, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'state.db'}")
    journal, place = Journal(engine), experiment(client, name)
    trace_id = mlflow_trace_id(name)

    def rate(key: str, **payload: Any) -> Mirrored:
        journal.append_feedback(trace_id, payload, user_id="ana", authenticated=True, idem_key=key)
        return mirror_once(journal, Watermarks(engine), client, program=name, experiment_id=place)

    journal.append_prediction(name, trace_id, {"inputs": {"text": "été"}, "outputs": {"n": 1}})
    first = rate("1", rating="thumbs_down", corrected_output={"n": 2})
    second = rate("2", rating="thumbs_up")
    trace = client.get_trace(trace_id, display=False)
    assert (first.traces, first.assessments) == (1, 2)
    assert (second.traces, second.assessments) == (0, 1)
    assert trace.data.spans[0].inputs == {"text": "été"}
    assert [(a.name, a.value) for a in trace.info.assessments] == [("user_rating", "thumbs_up")]
    engine.dispose()


def test_what_is_said_on_a_server_comes_back_and_nothing_of_ours_does(
    client: Any, name: str, tmp_path: Path
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'state.db'}")
    journal, marks, place = Journal(engine), Watermarks(engine), experiment(client, name)
    trace_id, signature = mlflow_trace_id(name), order_spec(name).signature
    payload = {"inputs": {"text": "my parcel"}, "outputs": {"topic": "shipping"}}
    journal.append_prediction(name, trace_id, payload)
    journal.append_feedback(
        trace_id, {"rating": "thumbs_up", "comment": "fine"},
        user_id="ana", authenticated=True, idem_key="1",
    )  # fmt: skip

    def both_ways() -> PickedUp:
        mirror_once(journal, marks, client, program=name, experiment_id=place)
        return pick_up(
            journal, client, program=name, experiment_id=place,
            inputs=signature.inputs, outputs=signature.outputs,
        )  # fmt: skip

    before = both_ways()
    source = AssessmentSource("HUMAN", "rita")
    TracingClient(client.tracking_uri).log_assessment(
        trace_id, Expectation(name="corrected_output", value={"topic": "refund"}, source=source)
    )
    found, again = both_ways(), both_ways()
    said = list(journal.since(0, program=name, kind="feedback"))[-1]
    assert (before, found.feedback, again) == (PickedUp(), 1, PickedUp())
    assert (said.user_id, said.payload["corrected_output"]) == ("rita", {"topic": "refund"})
    engine.dispose()


def _is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
