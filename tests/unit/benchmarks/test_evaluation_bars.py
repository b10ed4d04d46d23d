"""What the evaluation benchmark has both sides do, and when its bars hold."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import ModuleType

import dspy
import pytest

from dspyui_core.records import ScoreCard
from dspyui_core.spec import LENGTH_SLICE
from support.benchmarks import loaded

# Every fifth answer is wrong, and three of the others fail.
COUNT, WRONG, FAILED = 300, 60, 3
RIGHT = (COUNT - WRONG - FAILED) / COUNT


@pytest.fixture
def evaluation(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark with an LM that answers at once."""
    script = loaded("evaluation")
    monkeypatch.setattr(script, "LM_SECONDS", 0.0)
    return script


@pytest.fixture(autouse=True)
def silent_dspy() -> Iterator[None]:
    """DSPy tells of every failure, as `main` keeps it from doing."""
    log = logging.getLogger(dspy.__name__)
    before = log.level
    log.setLevel(logging.CRITICAL)
    yield
    log.setLevel(before)


def test_both_sides_find_the_same_mean_and_ours_the_failures_too(evaluation: ModuleType) -> None:
    rows = evaluation.examples(COUNT)

    peer, ours = evaluation.by_peer(rows)(), evaluation.by_us(rows, lambda card: None)()

    assert (peer.mean, ours.mean) == (pytest.approx(RIGHT), pytest.approx(RIGHT))
    assert ours.failed == FAILED


def test_ours_has_slices_of_three_columns_a_time_and_a_price(evaluation: ModuleType) -> None:
    kept: list[ScoreCard] = []

    found = evaluation.by_us(evaluation.examples(COUNT), kept.append)()

    sliced = {(s.column, s.value): s.rows for s in found.slices}
    assert sliced["channel", "app"] == sliced["channel", "web"] == 75
    assert sliced["intent", "refund"] == 100
    assert {value for column, value in sliced if column == LENGTH_SLICE} == {
        "under 50",
        "50 to 199",
        "200 to 999",
    }
    assert found.latency.p95 >= found.latency.p50 > 0
    # A call that fails costs nothing.
    assert found.usd == pytest.approx(1000 * evaluation.LM_USD * (1 - FAILED / COUNT))
    assert [len(card.rows) for card in kept] == [COUNT]


@pytest.mark.parametrize("side", ["by_peer", "by_us"])
def test_each_side_asks_the_lm_for_every_row_in_every_round(
    evaluation: ModuleType, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(evaluation.time, "sleep", asked.append)
    rows, more = evaluation.examples(20), [lambda card: None] if side == "by_us" else []
    run = getattr(evaluation, side)(rows, *more)

    run()
    run()

    assert len(asked) == 40


def test_the_lm_takes_its_time(evaluation: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(evaluation.time, "sleep", asked.append)
    monkeypatch.setattr(evaluation, "LM_SECONDS", loaded("evaluation").LM_SECONDS)

    evaluation.by_peer(evaluation.examples(3))()

    assert asked == [0.02] * 3


def test_who_comes_first_changes_from_round_to_round(evaluation: ModuleType) -> None:
    came: list[str] = []
    ways = {name: (lambda name=name: came.append(name)) for name in ("peer", "ours")}

    taken = evaluation.in_turn(ways, 3)

    assert came == ["peer", "ours", "ours", "peer", "peer", "ours"]
    assert {name: len(seconds) for name, seconds in taken.items()} == {"peer": 3, "ours": 3}


def test_the_cards_that_are_compared_hold_the_same_rows_in_another_order(
    evaluation: ModuleType,
) -> None:
    theirs, ours = ([row.row_id for row in card.rows] for card in evaluation.cards(50, lambda: 1.0))

    assert theirs != ours
    assert sorted(theirs) == sorted(ours) == sorted(set(ours))


def test_right_and_wrong_and_degrees_are_compared(evaluation: ModuleType) -> None:
    found = {name: compared() for name, compared in evaluation.comparisons(300).items()}

    assert found["compare, 0/1 scores"].method.startswith("exact McNemar")
    assert found["compare, graded scores"].method.startswith("signed-rank")
    assert {comparison.rows for comparison in found.values()} == {300}


def _taken(evaluation: ModuleType, *, ours: float, degrees: float = 0.1) -> dict[str, list[float]]:
    return {
        evaluation.PEER: [1.0, 1.0, 9.0],
        evaluation.OURS: [ours, ours, 20.0],
        evaluation.FIRST: [5.0],
        "compare, 0/1 scores": [0.1],
        "compare, graded scores": [0.1, degrees, 0.1],
    }


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({"ours": 1.1, "degrees": 1.0}, [True, True, True]),
        ({"ours": 1.101}, [False, True, True]),
        ({"ours": 1.0, "degrees": 1.001}, [True, True, False]),
    ],
)
def test_medians_of_the_evaluations_and_the_slowest_comparisons_have_bars(
    evaluation: ModuleType, changed: dict[str, float], holds: list[bool]
) -> None:
    rows = evaluation.summed(_taken(evaluation, **changed), 10)

    assert [bar.holds for bar in evaluation.bars(rows)] == holds
