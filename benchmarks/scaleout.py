"""What an evaluation gains by chunks on more workers, and what each chunk costs.

    python benchmarks/scaleout.py            # 2,000 rows
    python benchmarks/scaleout.py --quick    # 300 rows, and fewer ways
    python benchmarks/scaleout.py --json     # for programs

One compiled turn is evaluated anew in each way: its baseline and its candidate answer every row of
the holdout, by an LM that takes 50 ms, in 8 threads a worker. What is found (every row's score,
answer and error, the slices, macro F1, the comparison) has to be the same each time.

"two workers" are two processes that were at work before the evaluation begins, as they would be on
two machines, and take its chunks from a Dask scheduler. The other Dask processes are started for
the evaluation, and stopped after it. `first_chunk_s` is what passes before the first chunk begins,
`rows_per_s` is of the whole evaluation, and `working_rows_per_s` from the first chunk's begin to
the last one's end. `overhead_per_chunk_s` is what a worker does besides answering rows: it loads
the program and the rows, keeps what it found, tells Prefect, and waits for the next chunk; a
process that was started just now also imports what it needs in its first one.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from intents import LABELS
from reporting import Bar, options, quiet, report

ROOT = Path(__file__).parents[1]
ROWS, QUICK_ROWS, THREADS = 2_000, 300, 8
LOOK_SECONDS, TOLD_SECONDS = 0.5, 30
LEAST_GAIN, MOST_OVERHEAD = 1.5, 1.0
MEASURED = ("latency_ms", "usd", "cached")
ALONE, THREADED, JOINED = "one process", "threads, 2 chunks at once", "two workers"
DASK_2, DASK_4 = "Dask, 2 processes", "Dask, 4 processes"
SPEC = """
name: slow
signature:
  instructions: Name the intent.
  inputs: {text: str}
  outputs: {intent: {type: literal, values: from_data}}
module: python:slow_program:Slow
optimizer: {name: labeled_few_shot, options: {k: 8}}
dataset:
  sources:
    - {path: train.csv, split: train}
    - {path: validation.csv, split: validation}
    - {path: holdout.csv, split: holdout}
"""


@dataclass(frozen=True)
class Row:
    """One way to evaluate: what it took in seconds, and what each chunk cost beside answering."""

    way: str
    workers: int
    rows: int
    chunks: int
    seconds: float
    rows_per_s: float
    first_chunk_s: float
    working_rows_per_s: float
    overhead_per_chunk_s: float


@dataclass(frozen=True)
class Taken:
    """An evaluation: what was found, the seconds each row took, and when its chunks were run."""

    found: Mapping[str, Any]
    latencies: tuple[float, ...]
    began: datetime
    ended: datetime
    chunks: tuple[tuple[datetime, datetime], ...]


def write_program(folder: Path, rows: int) -> Path:
    """The spec and its data: rows of which no two are alike, numbered for `slow_program`."""
    chance = Random(0)
    first = {"holdout": 0, "train": 100_000, "validation": 200_000}
    counts = {"holdout": rows, "train": 40, "validation": 20}
    for split, count in counts.items():
        with (folder / f"{split}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "intent"))
            for number in range(first[split], first[split] + count):
                words = ("".join(chance.choices("abdefgiklmnoprstuvz", k=6)) for _ in range(8))
                writer.writerow((f"order {number}: {' '.join(words)}", LABELS[number % 3]))
    path = folder / "slow.yaml"
    path.write_text(SPEC)
    return path


@contextmanager
def prefect(home: Path) -> Iterator[None]:
    """A Prefect server for this process and those that it starts."""
    from deployments.prefect_server import prefect_api

    with prefect_api(home) as server:
        server.wait()
        yield


def chosen(**settings: object) -> Any:
    """This process's workspace under other settings of the fan-out."""
    from tasks._workspace import workspace

    for name in ("WORKERS", "RUNNER", "DASK_ADDRESS"):
        os.environ.pop(f"DSPYUI_FAN_OUT__{name}", None)
    os.environ |= {f"DSPYUI_FAN_OUT__{k.upper()}": str(v) for k, v in settings.items()}
    workspace.cache_clear()
    return workspace()


def evaluated(program: Path, **settings: object) -> Taken:
    """Evaluate the program's open turn anew."""
    from sqlalchemy import delete

    from dspyui_core.mlflow_tracking import read_evaluation_table
    from dspyui_core.store.tables import step
    from dspyui_core.turn import TurnRequest
    from flows.evaluate_program import evaluate_program

    ws = chosen(**settings)
    with ws.engine.begin() as connection:
        connection.execute(delete(step).where(step.c.name.in_(("evaluate", "decide"))))
    ended = evaluate_program(TurnRequest(program=program), return_state=True)
    ended.result()
    steps = ws.turns.steps("slow-0001")
    run_id = steps["compile"]["ref"]["run_id"]
    table = read_evaluation_table(ws.client, run_id, "evaluation")
    ref = {k: v for k, v in steps["evaluate"]["ref"].items() if k not in MEASURED}
    rows = [{k: v for k, v in row.items() if k not in MEASURED} for row in table]
    latencies = tuple(row["latency_ms"] / 1000 for row in table)
    return Taken({"ref": ref, "rows": rows}, latencies, *_times(ended.state_details.flow_run_id))


def _times(flow_run_id: Any) -> tuple[datetime, datetime, tuple[tuple[datetime, datetime], ...]]:
    """When the evaluation of a flow run began and ended, and each of its chunks."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    with get_client(sync_client=True) as client:
        for _ in range(int(TOLD_SECONDS / LOOK_SECONDS)):
            runs = client.read_task_runs(flow_run_filter=wanted, limit=200)
            if runs and all(run.state is not None and run.state.is_final() for run in runs):
                break
            # Workers tell of their chunks when they get to it.
            time.sleep(LOOK_SECONDS)
    times = [(run.name, (run.start_time, run.end_time)) for run in runs]
    (whole,) = [at for name, at in times if name.startswith("evaluate-programs")]
    return *whole, tuple(at for name, at in times if name.startswith("score-chunk"))


@contextmanager
def joined(folder: Path) -> Iterator[str]:
    """The address of a Dask scheduler with two workers."""
    from distributed import Client

    known = folder / "scheduler.json"
    common = ["--scheduler-file", str(known), "--host", "127.0.0.1"]
    common += ["--dashboard-address", "127.0.0.1:0"]
    worker = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
    with ExitStack() as processes:
        for name, more in (("scheduler", ["--port", "0"]), ("worker", worker), ("worker", worker)):
            command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *common, *more]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            processes.enter_context(_running(command, environment))
        while not known.exists():
            time.sleep(LOOK_SECONDS)
        with Client(scheduler_file=str(known), set_as_default=False) as client:
            client.wait_for_workers(2)
            address = client.scheduler.address
        yield address


@contextmanager
def _running(command: list[str], environment: Mapping[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def told(way: str, workers: int, taken: Taken) -> Row:
    """The row of one way."""
    seconds, rows = (taken.ended - taken.began).total_seconds(), len(taken.latencies)
    first = min((begin for begin, _ in taken.chunks), default=taken.began)
    last = max((end for _, end in taken.chunks), default=taken.ended)
    working = (last - first).total_seconds()
    besides = working * workers - sum(taken.latencies) / THREADS
    return Row(
        way=way,
        workers=workers,
        rows=rows,
        chunks=len(taken.chunks),
        seconds=seconds,
        rows_per_s=rows / seconds,
        first_chunk_s=(first - taken.began).total_seconds(),
        working_rows_per_s=rows / working,
        overhead_per_chunk_s=besides / len(taken.chunks) if taken.chunks else 0.0,
    )


def measured(folder: Path, rows: int, *, quick: bool) -> tuple[list[Row], int]:
    """Every way in one home, and how many of them found something else than the first."""
    from dspyui_core.turn import TurnRequest
    from flows.compile_program import compile_program

    program = write_program(folder, rows)
    compile_program(TurnRequest(program=program))
    ways: dict[str, tuple[int, dict[str, Any]]] = {
        ALONE: (1, {}),
        THREADED: (2, {"workers": 2}),
        DASK_2: (2, {"workers": 2, "runner": "dask"}),
        DASK_4: (4, {"workers": 4, "runner": "dask"}),
    }
    if quick:
        del ways[DASK_4]
    taken = {way: evaluated(program, **settings) for way, (_, settings) in ways.items()}
    told_of = [told(way, ways[way][0], one) for way, one in taken.items()]
    if not quick:
        with joined(folder) as address:
            # The second one counts: workers that stay have read and imported what they need.
            for _ in range(2):
                taken[JOINED] = evaluated(program, workers=2, runner="dask", dask_address=address)
        told_of.insert(2, told(JOINED, 2, taken[JOINED]))
    return told_of, sum(one.found != taken[ALONE].found for one in taken.values())


def bars(rows: list[Row], differing: int) -> list[Bar]:
    """Nothing differs; two and more processes answer so many times the rows of one.

    In few rows there is nothing to gain: all of it would be the start of the processes. What a
    chunk costs has a bar where each process has a core: more of them start in each other's way.
    """
    same = Bar("ways that found something else than one process", differing, 0, most=True)
    alone, *others = rows
    if alone.rows < 2 * ROWS:
        return [same]
    gains = [
        Bar(
            f"rows per second at work, {row.way} / {ALONE}",
            row.working_rows_per_s / alone.working_rows_per_s,
            LEAST_GAIN,
        )
        for row in others
    ]
    costs = [
        Bar(f"seconds per chunk, {row.way}", row.overhead_per_chunk_s, MOST_OVERHEAD, most=True)
        for row in others
        if row.workers <= (os.cpu_count() or 1)
    ]
    return [same, *gains, *costs]


def main() -> None:
    """Measure, print a table or JSON."""
    given = options(__doc__ or "", "300 rows, and fewer ways")
    quiet()
    # Before anything of ours is imported, here and in the processes that this one starts.
    sys.path.append(str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DSPYUI_HOME": str(Path(folder, "home")),
            "DSPYUI_WORKSPACE": str(ROOT / "benchmarks"),
            "DSPYUI_LM__THREADS": str(THREADS),
            "PYTHONPATH": str(ROOT),
        }
        with prefect(Path(folder, "home")):
            rows, differing = measured(
                Path(folder), QUICK_ROWS if given.quick else ROWS, quick=given.quick
            )
    report("scaleout", rows, bars(rows, differing), as_json=given.json)


if __name__ == "__main__":
    main()
