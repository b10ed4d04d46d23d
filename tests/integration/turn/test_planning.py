"""Planning: what the next turn would do, with nothing written for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import DatasetError, SpecError
from dspyui_core.turn import TurnPlan, TurnRequest, finish, open_turn, plan_turn
from integration.turn.desk import Desk, candidate

NEW = ("the lorry lost my sofa", "somebody stole the package", "my basket never arrived")
EVERY_STEP = ("snapshot", "compile", "evaluate", "decide", "register", "conclude")


@pytest.fixture
def ws(engine: Engine, tmp_path: Path) -> Any:
    return Desk(engine, tmp_path)


def state(ws: Any) -> tuple[str, list[str]]:
    """Everything in the state database, and every file beside it."""
    with closing(sqlite3.connect(ws.folder / "state.db")) as connection:
        content = "\n".join(connection.iterdump())
    files = (path for path in ws.folder.rglob("*") if not path.name.startswith("state.db"))
    return content, sorted(map(str, files))


def planned(ws: Any, **options: Any) -> TurnPlan:
    """The plan, and that making it wrote nothing."""
    before = state(ws)
    plan = plan_turn(ws, TurnRequest(program=ws.folder / "p.yaml"), **options)
    assert state(ws) == before
    return plan


def opened(ws: Any) -> Any:
    return open_turn(ws, TurnRequest(program=ws.folder / "p.yaml"))


def test_a_first_turn_would_open_with_the_splits_that_it_then_has(ws: Any) -> None:
    ws.writes_spec()

    plan = planned(ws)

    assert (plan.action, plan.turn, plan.steps) == ("open", None, EVERY_STEP)
    assert (plan.champion, plan.lm) == (None, "embedded/in-context")
    dataset = opened(ws).dataset
    assert plan.dataset.model_dump().items() <= dataset.model_dump().items()


def test_a_step_flow_would_go_as_far_as_its_own_step(ws: Any) -> None:
    ws.writes_spec()

    assert planned(ws, upto="decide").steps == ("snapshot", "compile", "evaluate", "decide")


def test_an_open_turn_would_be_resumed_at_its_next_step(ws: Any) -> None:
    ws.writes_spec()
    turn_id = opened(ws).turn_id
    ws.finished(turn_id, "compile", candidate())

    plan = planned(ws)

    assert (plan.action, plan.turn, plan.new_feedback) == ("resume", "p-0001", None)
    assert plan.steps == ("evaluate", "decide", "register", "conclude")


def test_a_changed_spec_would_close_the_open_turn(ws: Any) -> None:
    ws.writes_spec()
    opened(ws)
    ws.writes_spec(seed=5)

    plan = planned(ws)

    assert (plan.action, plan.abandons) == ("open", "p-0001")
    assert ws.turns.get("p-0001").state == "open"


def test_nothing_new_says_why_and_how_much_feedback_there_is(ws: Any) -> None:
    ws.writes_spec()
    finish(ws, opened(ws).turn_id, "refused")
    ws.corrects("tr-1", NEW[0], "delivery")

    plan = planned(ws)

    assert (plan.action, plan.turn, plan.steps) == ("nothing-new", "p-0001", ())
    assert plan.reason == "1 new feedback rows since turn p-0001; 1 more are needed"
    assert (plan.new_feedback, plan.minimum_feedback) == (1, 2)


def test_enough_feedback_would_open_a_turn_that_takes_it_in(ws: Any) -> None:
    ws.writes_spec()
    before = opened(ws).dataset
    finish(ws, opened(ws).turn_id, "refused")
    for number, text in enumerate(NEW):
        ws.corrects(f"tr-{number}", text, "delivery")

    plan = planned(ws)

    assert (plan.action, plan.new_feedback) == ("open", 3)
    assert plan.dataset.rows == before.rows + 3
    assert plan.dataset.holdout == before.holdout


def test_too_few_rows_would_be_blocked_and_are_told(ws: Any) -> None:
    ws.writes_spec()
    ws.writes_rows(6)

    plan = planned(ws)

    assert (plan.action, plan.steps) == ("blocked", ())
    assert "**blocked**" in plan.reason


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"dataset": {"sources": "nowhere.csv"}}, DatasetError),
        ({"metric": {"name": "exact_match", "options": {"fields": ["topc"]}}}, SpecError),
    ],
)
def test_what_the_turn_would_not_begin_with_is_an_error(
    change: dict[str, Any], error: type[Exception], ws: Any
) -> None:
    ws.writes_spec(**change)

    with pytest.raises(error):
        planned(ws)
