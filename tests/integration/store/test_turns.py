from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, TurnNotFoundError
from dspyui_core.store.clock import Now
from dspyui_core.store.engine import open_engine
from dspyui_core.store.turns import TurnRow, Turns


@pytest.fixture
def turns(engine: Engine, clock: Now) -> Turns:
    return Turns(engine, now=clock)


def _opened(turns: Turns, program: str = "bank", **changed: Any) -> TurnRow:
    inputs = {
        "spec_hash": "s1",
        "dataset_version": "d1",
        "identity": "i1",
        "feedback_upto": 7,
        "champion": None,
        "core_version": "0.1.0",
    }
    return turns.open(program, **{**inputs, **changed})


def test_an_opened_turn_holds_its_inputs_and_waits_open(turns: Turns) -> None:
    turn = _opened(turns, champion=4)
    assert (turn.turn_id, turn.number, turn.state) == ("bank-0001", 1, "open")
    assert (turn.feedback_upto, turn.champion, turn.core_version) == (7, 4, "0.1.0")
    assert (turn.closed_at, turn.outcome, turn.report) == (None, None, None)
    assert turns.get("bank-0001") == turn
    assert turns.open_turn_of("bank") == turn


def test_a_program_without_an_open_turn_has_none_to_resume(turns: Turns) -> None:
    _opened(turns, "other")
    assert turns.open_turn_of("bank") is None


def test_a_second_turn_does_not_open_beside_an_open_one(turns: Turns) -> None:
    _opened(turns)
    with pytest.raises(ConflictError, match="bank-0001"):
        _opened(turns)


def test_numbers_count_per_program(turns: Turns) -> None:
    turns.close(_opened(turns).turn_id, "refused")
    assert _opened(turns).turn_id == "bank-0002"
    assert _opened(turns, "other").turn_id == "other-0001"


def test_a_turn_resumes_in_another_process_with_the_steps_it_finished(
    turns: Turns, database: Path
) -> None:
    turn = _opened(turns)
    turns.record_step(turn.turn_id, "snapshot", {"rows": 3})
    turns.record_step(turn.turn_id, "compile", {"run": "r1"})
    engine = open_engine(f"sqlite:///{database}")
    resumed = Turns(engine)
    assert resumed.open_turn_of("bank") == turn
    assert list(resumed.steps(turn.turn_id).items()) == [
        ("snapshot", {"rows": 3}),
        ("compile", {"run": "r1"}),
    ]
    assert resumed.step(turn.turn_id, "compile") == {"run": "r1"}
    assert resumed.step(turn.turn_id, "evaluate") is None
    engine.dispose()


def test_a_step_recorded_twice_keeps_its_first_ref(turns: Turns) -> None:
    turn = _opened(turns)
    assert turns.record_step(turn.turn_id, "compile", {"run": "r1"}) == {"run": "r1"}
    assert turns.record_step(turn.turn_id, "compile", {"run": "r2"}) == {"run": "r1"}
    assert turns.step(turn.turn_id, "compile") == {"run": "r1"}


def test_a_step_with_an_empty_ref_counts_as_finished(turns: Turns) -> None:
    turn = _opened(turns)
    turns.record_step(turn.turn_id, "publish", {})
    assert turns.step(turn.turn_id, "publish") == {}


def test_a_turn_that_does_not_exist_takes_no_step_and_cannot_be_closed(turns: Turns) -> None:
    with pytest.raises(TurnNotFoundError, match="bank-0009"):
        turns.record_step("bank-0009", "compile", {})
    with pytest.raises(TurnNotFoundError, match="bank-0009"):
        turns.close("bank-0009", "failed")
    assert turns.steps("bank-0009") == {}


def test_closing_twice_with_one_outcome_keeps_the_first_report(turns: Turns) -> None:
    turn = _opened(turns)
    first = turns.close(turn.turn_id, "promoted", {"seconds": 1.5})
    assert (first.state, first.outcome, first.report) == ("closed", "promoted", {"seconds": 1.5})
    assert first.closed_at is not None and first.closed_at > first.opened_at
    assert turns.close(turn.turn_id, "promoted", {"seconds": 9.0}) == first
    assert turns.open_turn_of("bank") is None


def test_closing_with_another_outcome_is_a_conflict(turns: Turns) -> None:
    turn = _opened(turns)
    turns.close(turn.turn_id, "promoted")
    with pytest.raises(ConflictError, match="'promoted', not 'failed'"):
        turns.close(turn.turn_id, "failed")
    assert turns.get(turn.turn_id).outcome == "promoted"


def test_the_last_closed_turn_skips_those_that_measured_nothing(turns: Turns) -> None:
    for outcome in ("refused", "abandoned", "nothing-new"):
        turns.close(_opened(turns).turn_id, outcome)
    _opened(turns)
    measured = turns.last_closed("bank")
    newest = turns.last_closed("bank", outcomes_except=())
    assert measured is not None and measured.outcome == "refused"
    assert newest is not None and newest.outcome == "nothing-new"
    assert turns.last_closed("other") is None


def test_history_is_newest_first_and_limited(turns: Turns) -> None:
    for _ in range(3):
        turns.close(_opened(turns).turn_id, "refused")
    assert [turn.number for turn in turns.history("bank", limit=2)] == [3, 2]
    assert turns.history("other") == ()


def test_of_many_threads_that_open_one_turn_one_wins(turns: Turns) -> None:
    def attempt(_: int) -> str:
        try:
            return _opened(turns).turn_id
        except ConflictError:
            return "conflict"

    with ThreadPoolExecutor(6) as pool:
        results = sorted(pool.map(attempt, range(6)))
    assert results == ["bank-0001"] + ["conflict"] * 5


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=8))
def test_replaying_any_steps_in_any_order_leaves_the_first_ref_of_each(
    turns: Turns, calls: list[tuple[str, int]]
) -> None:
    turn = _next(turns)
    first: dict[str, dict[str, int]] = {}
    for name, number in calls:
        turns.record_step(turn.turn_id, name, {"n": number})
        first.setdefault(name, {"n": number})
    assert turns.steps(turn.turn_id) == first


def _next(turns: Turns) -> TurnRow:
    found = turns.open_turn_of("bank")
    if found is not None:
        turns.close(found.turn_id, "abandoned")
    return _opened(turns)
