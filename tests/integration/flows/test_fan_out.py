"""Evaluation and batch inference in chunks, on threads and on two Dask processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from distributed import Client, LocalCluster
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from sqlalchemy import delete

from dspyui_core.errors import ServerError
from dspyui_core.mlflow_tracking import read_evaluation_table
from dspyui_core.settings import FanOutSettings
from dspyui_core.store.tables import step
from dspyui_core.turn import BatchRequest
from dspyui_core.turn.evaluating import EVALUATION_TABLE
from flows.batch_inference import batch_inference
from flows.data_flywheel import data_flywheel
from flows.evaluate_program import evaluate_program
from support import tiny
from support.processes import free_port, wait_until
from tasks import _fan_out, _workspace

# What a clock measures, and differs from one run to the next.
MEASURED = ("latency_ms", "usd", "cached")
Choose = Callable[..., None]


@pytest.fixture
def fan_out(desk, monkeypatch) -> Choose:
    """Chooses a runner for the flows that follow."""

    def choose(**settings: object) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"DSPYUI_FAN_OUT__{name.upper()}", str(value))
        _workspace.workspace().close()
        _workspace.workspace.cache_clear()

    return choose


@pytest.fixture
def cluster(desk) -> Iterator[LocalCluster]:
    """Two worker processes that somebody else started, with this home in their environment."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as started:
        yield started


def task_runs(flow_run_id: Any, task: str) -> list[str]:
    """The names of the states of a task's runs in a flow run."""
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    with get_client(sync_client=True) as client:
        found = client.read_task_runs(flow_run_filter=wanted)
    return [str(run.state_name) for run in found if run.name.startswith(task)]


def evaluated(desk) -> tuple[dict[str, Any], list[str]]:
    """Evaluate the desk's open turn anew: what was found, and the states of its chunks."""
    with desk.ws.engine.begin() as connection:
        connection.execute(delete(step).where(step.c.name.in_(("evaluate", "decide"))))
    run = evaluate_program(desk.request, return_state=True).state_details.flow_run_id
    steps = desk.ws.turns.steps("desk-0001")
    run_id = steps["compile"]["ref"]["run_id"]
    table = read_evaluation_table(desk.ws.client, run_id, EVALUATION_TABLE)
    rows = [{k: v for k, v in row.items() if k not in MEASURED} for row in table]
    ref = {k: v for k, v in steps["evaluate"]["ref"].items() if k not in MEASURED}
    found = {"rows": rows, "ref": ref, "lm": steps["evaluate"]["cost"]["lm"]}
    wait_until(lambda: "Running" not in task_runs(run, "score-chunk"), 20, interval=0.5)
    return found, task_runs(run, "score-chunk")


@pytest.mark.parametrize("runner", ["threads", "dask"])
def test_the_scores_are_the_same_in_chunks(desk, fan_out, runner):
    whole, none = evaluated(desk)
    fan_out(workers=2, rows=12, runner=runner)

    found, chunks = evaluated(desk)

    assert found == whole
    assert (none, chunks) == ([], ["Completed"] * 8)


def test_a_scheduler_that_runs_already_answers_a_file_on_its_workers(desk, fan_out, cluster):
    data_flywheel(desk.request)
    address = cluster.scheduler_address
    fan_out(workers=2, rows=12, runner="dask", dask_address=address)
    texts = [text for text, _ in tiny.unseen()]
    file = tiny.write_csv(desk.folder / "in.csv", [(text,) for text in texts], header=("text",))
    request = BatchRequest(
        program=desk.program, file=file, chunk=4, out=desk.folder / "answers.jsonl"
    )

    report = batch_inference(request)

    answers = [json.loads(line) for line in request.out.read_text().splitlines()]
    assert (report.total_rows, report.success_count, report.asked) == (64, 64, 64)
    assert [answer["text"] for answer in answers] == texts
    assert [answer["desk"] for answer in answers[:16]] == [
        desk.ws.predict("desk", {"text": text}).outputs["desk"] for text in texts[:16]
    ]
    # Both of them opened this home, and nobody who asks again asks anybody.
    with Client(address) as client:
        opened = client.run(lambda: _workspace.workspace.cache_info().currsize)
    assert list(opened.values()) == [1, 1]
    assert batch_inference(request).asked == 0


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(_fan_out, "_ANSWERS_WITHIN", "1s")
    address = f"tcp://127.0.0.1:{free_port()}"

    with pytest.raises(ServerError, match=f"no Dask scheduler answers at {address}") as told:
        _fan_out.task_runner(FanOutSettings(workers=2, runner="dask", dask_address=address))

    assert "dask scheduler" in told.value.hint
