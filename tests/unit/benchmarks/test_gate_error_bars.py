"""What the gate's simulation draws, and when its bars hold."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from support.benchmarks import loaded


@pytest.fixture(scope="module")
def gate() -> ModuleType:
    return loaded("gate_error")


@pytest.mark.parametrize("scores", ["0/1", "graded"])
@pytest.mark.parametrize("discordance", [0.05, 0.4])
def test_candidates_are_as_good_as_the_champion_and_differ_as_often_as_they_should(
    gate: ModuleType, scores: str, discordance: float
) -> None:
    case, chance = gate.Case(scores, 200_000, discordance), np.random.default_rng(0)
    theirs = gate.champions(case, case.rows, chance)

    ours = gate.candidates(case, theirs, chance)

    assert abs(float((ours - theirs).mean())) < 0.004
    # Another graded answer may happen to score the same.
    assert float((ours != theirs).mean()) == pytest.approx(discordance, rel=0.05)


def test_a_better_candidate_is_better_by_its_gain(gate: ModuleType) -> None:
    case, chance = gate.Case("0/1", 200_000, 0.15, gain=0.05), np.random.default_rng(0)
    theirs = gate.champions(case, case.rows, chance)

    ours = gate.candidates(case, theirs, chance)

    assert float((ours - theirs).mean()) == pytest.approx(0.05, abs=0.004)


def test_twenty_looks_are_taken_and_a_growing_holdout_opens_epochs(gate: ModuleType) -> None:
    fixed = gate.repetition(gate.Case("0/1", 100, 0.2), 1)
    growing = gate.repetition(gate.Case("graded", 100, 0.2, grows=True, looks=6), 1)

    assert [type(found) for found in (*fixed, *growing)] == [bool] * 6


def _rows(gate: ModuleType, *, false: float, growing: float, seen: float) -> list[object]:
    return [
        gate.Row("no better", "0/1", 300, 0.1, false, 1.0, 0.9),
        gate.Row("growing", "0/1", 300, 0.1, growing, 1.0, 0.9),
        gate.Row("better by 5 points", "0/1", 1_000, 0.15, seen, 1.0, 1.0),
        gate.Row("better by 5 points", "0/1", 300, 0.15, 0.1, 1.0, 1.0),
    ]


@pytest.mark.parametrize(
    ("false", "growing", "seen", "holds"),
    [
        (0.05, 0.05, 0.85, [True, True, True]),
        (0.051, 0.05, 0.85, [False, True, True]),
        (0.05, 0.051, 0.85, [True, False, True]),
        (0.05, 0.05, 0.849, [True, True, False]),
    ],
)
def test_false_promotions_and_missed_gains_have_a_bar_each(
    gate: ModuleType, false: float, growing: float, seen: float, holds: list[bool]
) -> None:
    bars = gate.bars(_rows(gate, false=false, growing=growing, seen=seen))

    assert [bar.holds for bar in bars] == holds
