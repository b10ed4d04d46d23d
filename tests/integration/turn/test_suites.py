"""A program's suite of expectations in a turn: it has the last word, and is part of what is new."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.datasets.splitting.ledger import read_ledger
from dspyui_core.errors import DatasetError
from dspyui_core.mlflow_tracking import existing_run
from dspyui_core.records import Turn
from dspyui_core.settings import Settings
from dspyui_core.turn import TurnRequest, open_turn, plan_turn
from dspyui_core.workspace import Workspace
from support import tiny
from support.turns import take_turn


@pytest.fixture
def ws(tmp_path: Path, mlflow_template: Path) -> Iterator[Workspace]:
    """A home with a tiny program, in a workspace that may have suites."""
    (tmp_path / "home" / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, tmp_path / "home" / "mlflow" / "mlflow.db")
    opened = Workspace.open(settings=Settings(home=tmp_path / "home", workspace=tmp_path))
    tiny.write_program(tmp_path)
    yield opened
    opened.close()


def expect(ws: Workspace, most: float, severity: str = "critical") -> None:
    """Write a suite that wants at most so many rows."""
    kwargs = {"column": "rows", "max_value": most}
    one = {"type": "expect_column_max_to_be_between", "kwargs": kwargs, "severity": severity}
    path = ws.folder / "expectations" / "desk.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"name": "desk", "expectations": [one]}), encoding="utf-8")


def turn(ws: Workspace) -> Turn:
    return take_turn(ws, ws.folder / "desk.yaml")


def request(ws: Workspace) -> TurnRequest:
    return TurnRequest(program=ws.folder / "desk.yaml")


def artifacts(ws: Workspace, turn_id: str | None) -> set[str]:
    run = existing_run(ws.client, ws.experiment("desk"), turn_id=turn_id or "")
    return {file.path for file in ws.client.list_artifacts(run, "data")}


def test_a_broken_critical_expectation_blocks_the_turn_and_writes_nothing(ws: Workspace) -> None:
    expect(ws, 100)

    found = turn(ws)

    assert found.outcome == "blocked"
    assert "rows is 160, expected at most 100 (critical)" in found.message
    assert not read_ledger(ws.engine, "desk").places
    assert not (ws.home / "datasets" / "desk").exists()


def test_a_plan_says_that_the_suite_would_block(ws: Workspace) -> None:
    expect(ws, 100)

    plan = plan_turn(ws, request(ws))

    assert (plan.action, plan.steps) == ("blocked", ())
    assert "expected at most 100" in plan.reason


def test_a_turn_that_was_blocked_goes_on_once_the_suite_is_another_one(ws: Workspace) -> None:
    expect(ws, 100)
    turn(ws)
    same = turn(ws)
    expect(ws, 200)

    after = turn(ws)

    assert (same.outcome, after.outcome) == ("nothing-new", "promoted")
    assert {"data/expectations.json", "data/expectations.html"} <= artifacts(ws, after.turn)


def test_a_broken_warning_warns_and_the_turn_goes_on(ws: Workspace) -> None:
    expect(ws, 100, "warning")

    opened = open_turn(ws, request(ws))

    assert opened.report is None
    assert "**warn**" in opened.problems
    assert "rows is 160" in opened.problems


def test_a_suite_that_is_none_stops_before_anything_is_written(ws: Workspace) -> None:
    expect(ws, 100)
    path = ws.folder / "expectations" / "desk.json"
    path.write_text(path.read_text().replace('"rows"', '"row"'))

    with pytest.raises(DatasetError) as caught:
        open_turn(ws, request(ws))

    (problem,) = caught.value.problems
    assert problem.column == "expectations.0.kwargs.column"
    assert "did you mean 'rows'" in problem.remedy
    assert ws.turns.history("desk") == ()


def test_a_turn_without_a_suite_is_not_judged_and_imports_nothing_for_it(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked: Any = None
    monkeypatch.setitem(sys.modules, "great_expectations", blocked)

    opened = open_turn(ws, request(ws))

    assert opened.report is None
    assert "expectations" not in opened.problems
