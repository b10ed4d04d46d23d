"""Parts of a step: kept while it is unfinished, and in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dspyui_core.errors import TurnNotFoundError
from dspyui_core.store.turns import Turns
from support.states import fresh_engine


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    with fresh_engine(tmp_path) as engine:
        yield Turns(engine)


@pytest.fixture
def turn_id(turns: Turns) -> str:
    fixed = {"spec_hash": "s", "dataset_version": "d", "identity": "i", "core_version": "c"}
    return turns.open("bank", feedback_upto=0, champion=None, **fixed).turn_id


def test_a_part_is_found_by_its_step_and_is_no_step(turns: Turns, turn_id: str) -> None:
    turns.keep_part(turn_id, "evaluate", "baseline/0-5", {"n": 1})
    turns.keep_part(turn_id, "evaluate", "candidate/0-5", {"n": 2})
    turns.record_step(turn_id, "compile", {"run": "r"})

    assert turns.parts(turn_id, "evaluate") == {"baseline/0-5": {"n": 1}, "candidate/0-5": {"n": 2}}
    assert turns.parts(turn_id, "evaluate", "candidate/") == {"candidate/0-5": {"n": 2}}
    assert turns.parts(turn_id, "compile") == {}
    assert turns.steps(turn_id) == {"compile": {"run": "r"}}
    assert turns.step(turn_id, "evaluate") is None


def test_a_part_that_is_kept_twice_keeps_its_first_content(turns: Turns, turn_id: str) -> None:
    turns.keep_part(turn_id, "evaluate", "a/0-5", {"n": 1})

    assert turns.keep_part(turn_id, "evaluate", "a/0-5", {"n": 2}) == {"n": 1}
    assert turns.parts(turn_id, "evaluate") == {"a/0-5": {"n": 1}}


def test_dropping_a_steps_parts_leaves_the_step_and_the_parts_of_others(
    turns: Turns, turn_id: str
) -> None:
    turns.keep_part(turn_id, "evaluate", "a/0-5", {"n": 1})
    turns.keep_part(turn_id, "evaluated", "a/0-5", {"n": 2})
    turns.record_step(turn_id, "evaluate", {"scores": {}})

    turns.drop_parts(turn_id, "evaluate")
    turns.drop_parts(turn_id, "evaluate")

    assert turns.parts(turn_id, "evaluate") == {}
    assert turns.parts(turn_id, "evaluated") == {"a/0-5": {"n": 2}}
    assert turns.steps(turn_id) == {"evaluate": {"scores": {}}}


def test_a_turn_that_is_closed_keeps_no_parts(turns: Turns, turn_id: str) -> None:
    turns.keep_part(turn_id, "evaluate", "a/0-5", {"n": 1})
    turns.record_step(turn_id, "compile", {"run": "r"})

    turns.close(turn_id, "abandoned")

    assert turns.parts(turn_id, "evaluate") == {}
    assert turns.steps(turn_id) == {"compile": {"run": "r"}}


def test_where_something_is_forgotten_no_parts_stay_that_could_quote_it(
    turns: Turns, turn_id: str
) -> None:
    turns.keep_part(turn_id, "evaluate", "a/0-5", {"said": "a secret"})
    turns.record_step(turn_id, "compile", {"run": "r"})

    turns.redact("bank", lambda content: content)

    assert turns.parts(turn_id, "evaluate") == {}
    assert turns.steps(turn_id) == {"compile": {"run": "r"}}


def test_no_part_is_kept_of_a_turn_that_does_not_exist(turns: Turns) -> None:
    with pytest.raises(TurnNotFoundError, match="bank-0009"):
        turns.keep_part("bank-0009", "evaluate", "a/0-5", {})
