"""What Prefect adds to a turn: the running stack beside the same calls in a plain loop.

    python benchmarks/orchestration.py            # five rounds
    python benchmarks/orchestration.py --quick    # one
    python benchmarks/orchestration.py --json     # for programs

`dspyui up` runs in a fresh home with two programs that are the same but for their names. In every
round each takes a turn on the same 900 rows less one: one as a flow run of the stack's worker, the
other as `plain_turn.py` calls the core. Both are processes of their own that start for one turn,
use the home's databases, and import before they are timed; they change who comes first. A flow run
counts from Running to Completed. Its `start_s` lies before: from when it was due until it runs,
which is the worker's next look (every two seconds) and the process's imports.

A tick is a turn that finds nothing new. The floor is a flow of seven tasks that do nothing. And in
every round the users of another program say of 20 answers that they are wrong, which starts a turn:
its row is the time from the last of them to Running; for five seconds of it the trigger waits for
more.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from reporting import Bar, options, quiet, report

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "examples" / "support_routing" / "data" / "live.csv"
ROUNDS, WAIT_SECONDS, LOOK_SECONDS = 5, 300, 0.5
MOST_ADDED, MOST_TICK, MOST_EVENT = 3.0, 1.5, 20.0
FEEDBACK = 20
STACK, PLAIN, TICK, FLOOR = "turn in the stack", "turn in a plain loop", "tick", "seven no-op tasks"
EVENT = "from feedback to its run"
SPEC = """
name: {name}
signature:
  instructions: Decide which desk of the bank a customer's message belongs to.
  inputs: {{text: str}}
  outputs: {{intent: {{type: literal, values: from_data}}}}
optimizer: knn_few_shot
dataset: {{sources: {rows}}}
"""
TRIGGER = f"trigger: {{feedback: {FEEDBACK}, within: 600, debounce: 5}}\n"


@dataclass(frozen=True)
class Timed:
    """One process's work: seconds from its first call to its last, and before that, if known."""

    work: str
    outcome: str
    seconds: float
    start: float | None = None


@dataclass(frozen=True)
class Row:
    """One kind of work over the rounds, in seconds; `start_s` is what comes before it, or nan."""

    work: str
    runs: int
    median_s: float
    fastest_s: float
    slowest_s: float
    start_s: float


@contextmanager
def stack(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a running stack whose workspace and home lie in a folder."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    here = {
        **given,
        "DSPYUI_HOME": str(folder / "home"),
        "DSPYUI_WORKSPACE": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "deployments.cli"]
    up = subprocess.run(
        [*command, "up", "--detach", "--json"],
        env=here,
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
    )
    try:
        services = {one["name"]: one for one in json.loads(up.stdout)["services"]}
        yield {**here, "PREFECT_API_URL": f"{services['Prefect']['address']}/api"}
    finally:
        subprocess.run([*command, "down"], env=here, cwd=folder, check=True, capture_output=True)


def written(folder: Path, rounds: int) -> None:
    """Write both programs, and one with users for each round."""
    for name in ("plain", "stack"):
        (folder / f"{name}.yaml").write_text(SPEC.format(name=name, rows="rows.csv"))
    rows = data_of(folder, 0)
    (folder / "programs").mkdir()
    for number in range(rounds + 1):
        spec = SPEC.format(name=f"users-{number}", rows=rows) + TRIGGER
        (folder / "programs" / f"users-{number}.yaml").write_text(spec)


def data_of(folder: Path, number: int) -> Path:
    """The rows of a round: all but one, so that every round has something new."""
    with ROWS.open(newline="") as file:
        lines = list(csv.reader(file))
    path = folder / f"rows-{number}.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines[: number + 1] + lines[number + 2 :])
    return path


def plainly(program: Path, data: Path, environment: Mapping[str, str]) -> Timed:
    """A turn in a process that knows of no Prefect."""
    command = [sys.executable, str(Path(__file__).with_name("plain_turn.py"))]
    done = subprocess.run(
        [*command, str(program), str(data)], env=environment, check=True, stdout=subprocess.PIPE
    )
    told = json.loads(done.stdout)
    return Timed(PLAIN, told["outcome"], told["seconds"])


async def by_worker(work: str, deployment: str, parameters: Mapping[str, Any]) -> Timed:
    """A flow run of the stack's worker, from Running to Completed."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        found = await client.read_deployment_by_name(deployment)
        run = await client.create_flow_run_from_deployment(found.id, parameters=dict(parameters))
        run = await ended(client, run)
    state = run.state
    if state is None or not state.is_completed() or run.start_time is None or run.end_time is None:
        raise RuntimeError(f"{deployment}: {state}")
    due = run.expected_start_time or run.start_time
    seconds = (run.end_time - run.start_time).total_seconds()
    outcome = str(state.name).lower().replace(" ", "-")
    return Timed(work, outcome, seconds, (run.start_time - due).total_seconds())


async def ended(client: Any, run: Any) -> Any:
    """A flow run, once it has ended, or after five minutes."""
    for _ in range(int(WAIT_SECONDS / LOOK_SECONDS)):
        if run.state is not None and run.state.is_final():
            break
        await asyncio.sleep(LOOK_SECONDS)
        run = await client.read_flow_run(run.id)
    return run


def by_users(name: str) -> Timed:
    """From the last of the feedback that starts a turn to that turn's Running."""
    from deployments.events import launching

    with launching() as workspace:
        traces = [
            str(workspace.record_prediction(name, {"text": f"message {n}"}, {"intent": "x"}))
            for n in range(FEEDBACK)
        ]
        for trace in traces:
            workspace.feedback.record_feedback(trace, "thumbs_down", user_id=trace)
        said = datetime.now(UTC)
    run = asyncio.run(started(f"{name}.feedback"))
    seconds = (run.start_time - said).total_seconds()
    return Timed(EVENT, str(run.state.name), seconds)


async def started(deployment: str) -> Any:
    """The one flow run of a deployment, ended."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

    named = DeploymentFilter(name=DeploymentFilterName(any_=[deployment]))
    async with get_client() as client:
        for _ in range(int(WAIT_SECONDS / LOOK_SECONDS)):
            runs = await client.read_flow_runs(deployment_filter=named)
            if runs:
                return await ended(client, runs[0])
            await asyncio.sleep(LOOK_SECONDS)
    raise RuntimeError(f"feedback started no run of {deployment}")


def deploy_floor() -> None:
    """Give the stack's worker the flow of seven tasks."""
    from prefect import flow

    found: Any = flow.from_source(str(ROOT / "benchmarks"), "noop_flow.py:noop")
    found.deploy("noop", work_pool_name="dspyui", print_next_steps=False)


def measured(folder: Path, rounds: int) -> list[Timed]:
    """All rounds in one stack, after one that nobody counts: first turns differ from later ones."""
    written(folder, rounds)
    with stack(folder) as environment:
        os.environ |= environment
        deploy_floor()
        one_round(folder, 0, environment)
        return [
            timed
            for number in range(1, rounds + 1)
            for timed in one_round(folder, number, environment)
        ]


def one_round(folder: Path, number: int, environment: Mapping[str, str]) -> list[Timed]:
    """A turn each way, a tick, and the floor."""
    data = data_of(folder, number)
    request = {"program": str(folder / "stack.yaml"), "data": str(data)}
    turn = "data-flywheel/data-flywheel"

    def in_stack() -> Timed:
        return asyncio.run(by_worker(STACK, turn, {"request": request}))

    def in_loop() -> Timed:
        return plainly(folder / "plain.yaml", data, environment)

    taken = [way() for way in ((in_stack, in_loop) if number % 2 else (in_loop, in_stack))]
    tick = asyncio.run(by_worker(TICK, turn, {"request": request}))
    floor = asyncio.run(by_worker(FLOOR, "noop/noop", {}))
    outcomes = {one.outcome for one in taken}
    if len(outcomes) > 1 or tick.outcome != "nothing-new":
        raise RuntimeError(f"round {number} differs: {outcomes}, tick {tick.outcome}")
    return [*taken, tick, floor, by_users(f"users-{number}")]


def told(timed: Sequence[Timed]) -> list[Row]:
    """A row for each kind of work."""
    return [
        _row([one for one in timed if one.work == work])
        for work in (STACK, PLAIN, TICK, FLOOR, EVENT)
    ]


def _row(timed: Sequence[Timed]) -> Row:
    seconds = [one.seconds for one in timed]
    starts = [one.start for one in timed if one.start is not None]
    return Row(
        work=timed[0].work,
        runs=len(timed),
        median_s=median(seconds),
        fastest_s=min(seconds),
        slowest_s=max(seconds),
        start_s=median(starts) if starts else float("nan"),
    )


def bars(rows: Sequence[Row]) -> list[Bar]:
    """What Prefect may add, and what a tick may take."""
    by_work = {row.work: row.median_s for row in rows}
    added = by_work[STACK] - by_work[PLAIN]
    return [
        Bar("seconds that the stack adds to a turn", added, MOST_ADDED, most=True),
        Bar("seconds of a tick", by_work[TICK], MOST_TICK, most=True),
        Bar("seconds from feedback to its run", by_work[EVENT], MOST_EVENT, most=True),
    ]


def main() -> None:
    """Run, print a table or JSON."""
    given = options(__doc__ or "", "one round")
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        rows = told(measured(Path(folder), 1 if given.quick else ROUNDS))
    report("orchestration", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
