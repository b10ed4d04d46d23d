"""Owns the proof that a turn survives kill -9 at any moment: the same command completes it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.home import ROOT, Finished, Home, Template
from support.processes import wait_until

KILL_AT = str(ROOT / "tests" / "support" / "kill_at.py")
STEPS = ("snapshot", "compile", "evaluate", "decide", "register", "conclude")
# A moment, and how many steps are recorded by then.
MOMENTS = {
    **{f"before-{step}": number for number, step in enumerate(STEPS)},
    **{f"after-{step}": number for number, step in enumerate(STEPS, 1)},
    "before-alias": 5,
    "before-close": 6,
    "after-close": 6,
}
WITH_A_SERVER_OF_ITS_OWN = ("before-evaluate", "after-register")
# What the command says on stderr while it does the work of a step.
SAYS = {"snapshot": "writing the snapshot", "compile": "compiling on", "evaluate": "scoring"}
UNINTERESTING = ("turn", "seconds", "message")


@dataclass(frozen=True)
class Round:
    """A turn killed at `moment` and the same command again; `steps` is what the dead one left."""

    moment: str
    home: Home
    killed: Finished
    steps: dict[str, tuple[str, str]]
    orphans: list[int]
    again: Finished


Play = Callable[[str], Round]


@pytest.fixture(scope="module")
def play(template: Template, side_by_side: Callable[..., Play]) -> Play:
    """Rounds by moment."""
    return side_by_side(partial(_play, template), MOMENTS)


def _play(template: Template, moment: str, folder: Path) -> Round:
    home = template.copy(folder)
    if moment in WITH_A_SERVER_OF_ITS_OWN:
        home = home.alone()
    arguments = ["run", "data-flywheel", "--program", "desk.yaml", "--json"]
    killed = home.run([*home.python, KILL_AT, moment, *arguments])
    orphans = _left_after(home, 10)
    return Round(moment, home, killed, home.steps(), orphans, home.turn())


def _left_after(home: Home, seconds: float) -> list[int]:
    """The home's processes that do not end by themselves; they are ended here."""
    try:
        wait_until(lambda: not home.processes(), seconds)
    except AssertionError:
        left = home.processes()
        for process in left:
            os.kill(process, signal.SIGKILL)
        return left
    return []


every_moment = pytest.mark.parametrize("moment", MOMENTS)


@every_moment
def test_the_same_command_completes_a_killed_turn(play: Play, moment: str, trained: Home) -> None:
    round = play(moment)

    assert round.killed.code == -signal.SIGKILL, round.killed.stderr
    assert round.killed.stdout == ""
    assert round.again.code == 0, round.again.stderr
    closed_before = moment == "after-close"
    assert round.again.json["outcome"] == ("nothing-new" if closed_before else "promoted")
    assert round.home.turns() == [("desk-0001", "promoted")]
    assert _interesting(round.home.report()) == _interesting(trained.report())


def _interesting(report: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in report.items() if key not in UNINTERESTING}


@every_moment
def test_no_finished_step_of_a_killed_turn_is_redone(play: Play, moment: str) -> None:
    round = play(moment)

    assert tuple(round.steps) == STEPS[: MOMENTS[moment]]
    now = round.home.steps()
    assert tuple(now) == STEPS
    assert {name: now[name] for name in round.steps} == round.steps
    redone = [name for name in round.steps if SAYS.get(name, "\0") in round.again.stderr]
    assert redone == []
    left = [name for name in STEPS if name not in round.steps and name in SAYS]
    assert all(SAYS[name] in round.again.stderr for name in left)


@every_moment
def test_a_killed_turn_makes_one_run_one_version_and_one_decision(play: Play, moment: str) -> None:
    home = play(moment).home

    (run,) = home.turn_runs()
    (version,) = home.versions()
    assert (version.number, version.run_id) == (1, run)
    assert home.decisions() == [("promote", 1)]
    assert home.aliases() == {"champion": 1}


@every_moment
def test_a_killed_turn_leaves_no_process(play: Play, moment: str) -> None:
    round = play(moment)

    said = "starting a Prefect server" in round.killed.stderr
    assert said == (moment in WITH_A_SERVER_OF_ITS_OWN)
    assert round.orphans == []
    assert round.home.processes() == []
