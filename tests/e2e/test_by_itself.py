"""The loop by itself, in the real stack of one home: started by users, and killed in every part."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from deployments.stack.processes import kill_marked, mark_of
from support import tiny
from support.home import ROOT, Template
from support.live_stack import LiveStack
from support.processes import wait_until
from support.workers import declare_silent

USERS = str(ROOT / "tests" / "support" / "rating_process.py")
CORRECTIONS = 200
# From the last feedback to a run that runs, most of which is the start of a process. What it takes
# where nothing else is done meanwhile, benchmarks/orchestration.py tells.
MOST_SECONDS = 90


@dataclass
class Played:
    """What became of one flow run that was failed, retried and killed, and of its turn."""

    failed: Any
    steps: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    told: list[int] = field(default_factory=list)
    survived: dict[tuple[str, ...], bool] = field(default_factory=dict)
    ended: Any = None


@pytest.fixture(scope="module")
def live(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """A fresh home, and `dspyui up --detach`."""
    stack = LiveStack.prepared(template, tmp_path_factory.mktemp("live"))
    try:
        stack.up()
        yield stack
    finally:
        stack.home.dspyui("down")


@pytest.fixture(scope="module")
def by_users(live: LiveStack) -> Any:
    """What a process of users did: 200 corrections at once, and no more."""
    file = live.home.folder / "data" / "live.csv"
    done = live.home.run([sys.executable, USERS, str(file), str(CORRECTIONS)])
    assert done.code == 0, done.stderr
    return done.json


@pytest.fixture(scope="module")
def started(live: LiveStack, by_users: Any) -> Any:
    """The flow run that followed, ended."""
    runs = wait_until(lambda: live.runs_of("support-routing.feedback"), 120, interval=0.5)
    return live.ended(runs[0]["id"])


def test_feedback_of_another_process_makes_a_version_with_no_other_action(
    live: LiveStack, started: Any
) -> None:
    assert (started["state"]["type"], started["state"]["name"]) == ("COMPLETED", "Promoted")
    assert live.home.turns() == [("support-routing-0001", "promoted")]
    assert live.home.aliases() == {"champion": 1}


def test_a_run_runs_soon_after_the_last_feedback(by_users: Any, started: Any) -> None:
    waited = _at(started["start_time"]) - _at(by_users["at"])

    assert 0 < waited.total_seconds() <= MOST_SECONDS


def test_a_burst_of_feedback_is_one_turn_with_all_of_it(
    live: LiveStack, by_users: Any, started: Any
) -> None:
    assert len(live.runs_of("support-routing.feedback")) == 1
    assert live.runs_of("support-routing") == []
    query = "select dataset_version, feedback_upto from turn where program = 'support-routing'"
    ((version, upto),) = live.home.query("state.db", query)
    assert upto == by_users["last"]
    step = live.home.steps()["snapshot"][1]
    dataset = json.loads(step)["ref"]["dataset"]
    assert dataset["version"] == version
    gone = dataset["parked"] + dataset["quarantined"]
    assert dataset["feedback_rows"] + gone == CORRECTIONS


@pytest.fixture(scope="module")
def played(live: LiveStack, started: Any) -> Played:
    """One run of the tiny program's turn, through all of it."""
    live.hold()
    run = live.start_turn("programs/desk.yaml")
    live.wait_held()
    with _no_room_for_artifacts(live.home.path):
        live.release()
        played = Played(live.ended(run))
        live.hold()
    _note(played, live, "failed")

    live.retry(run)
    process = live.wait_held()
    _note(played, live, "retried")

    os.kill(process, signal.SIGKILL)
    live.wait_held()
    _note(played, live, "killed")
    _kill_services(live, played, "MLflow", "mirror", "worker")

    # As a machine that loses its power: the worker, and the run that it had.
    kill_marked(mark_of(live.state.mark, "worker"))
    declare_silent(live.api, run)
    live.wait_held()
    _note(played, live, "lost")
    _kill_services(live, played, "Prefect")

    live.release()
    played.ended = live.ended(run)
    _note(played, live, "ended")
    return played


def _kill_services(live: LiveStack, played: Played, *names: str) -> None:
    """Kill them one after the other, have feedback meanwhile, and wait until they are back."""
    before = live.wait_held()
    killed = [live.kill(name) for name in names]
    played.told.append(_correct(live, len(played.told)))
    for service in killed:
        live.wait_back(service)
    played.survived[names] = live.wait_held() == before


@contextmanager
def _no_room_for_artifacts(home: Path) -> Iterator[None]:
    folder, aside = home / "mlflow" / "artifacts", home / "mlflow" / "aside"
    folder.rename(aside)
    folder.write_text("a file where a folder should be")
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


def _correct(live: LiveStack, number: int) -> int:
    """A correction by a user of this process; its position once it is acknowledged."""
    text, desk = tiny.unseen()[number]
    ws = live.home.opened()
    trace = ws.record_prediction("desk", {"text": text}, {"desk": desk}, strict=True)
    entry = ws.feedback.record_feedback(str(trace), "thumbs_up", user_id="ana")
    ws.close()
    return entry.position


def _note(played: Played, live: LiveStack, when: str) -> None:
    played.steps[when] = live.steps_of("desk")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_failed_run_goes_on_where_it_stopped_when_somebody_presses_retry(
    played: Played,
) -> None:
    assert played.failed["state"]["type"] == "FAILED"
    assert list(played.steps["failed"]) == ["snapshot"]
    assert played.steps["retried"] == played.steps["failed"]


def test_a_run_whose_process_is_killed_goes_on(played: Played) -> None:
    assert played.steps["killed"] == played.steps["retried"]


def test_a_run_survives_every_other_process_of_the_stack(played: Played) -> None:
    assert played.survived == {("MLflow", "mirror", "worker"): True, ("Prefect",): True}


def test_a_run_that_is_lost_with_its_worker_goes_on_by_the_next_one(played: Played) -> None:
    assert played.steps["lost"] == played.steps["killed"]


def test_the_turn_is_one_with_one_version_and_nothing_is_lost(
    live: LiveStack, played: Played
) -> None:
    assert played.ended["state"]["name"] == "Promoted"
    assert played.ended["id"] == played.failed["id"]
    first = played.steps["failed"]["snapshot"]
    assert played.steps["ended"]["snapshot"] == first
    desk = [turn for turn in live.home.turns() if turn[0].startswith("desk")]
    assert desk == [("desk-0001", "promoted")]
    assert len(live.home.versions()) == 2
    assert live.home.decisions() == [("promote", 1), ("promote", 1)]
    kept = live.home.query("state.db", "select position from journal where kind = 'feedback'")
    assert {*played.told} <= {position for (position,) in kept}
    assert len(kept) == CORRECTIONS + 1 + len(played.told)
