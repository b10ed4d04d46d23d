"""Agreement: Cohen's kappa and its interval against references, and when a judge is trusted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from dspyui_core.comparison.agreement import cohens_kappa, judge_agreement, trusted

# Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, table 18.1: 100
# subjects, two raters; kappa 0.68, standard error 0.087 (they round on the way).
DIAGNOSES = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
COUNTS = st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2), min_size=2, max_size=2)


def verdicts(both: int, judge_only: int, people_only: int, neither: int) -> tuple[list, list]:
    counts = (both, judge_only, people_only, neither)
    pairs = [(1.0, True), (1.0, False), (0.0, True), (0.0, False)]
    flat = [pair for pair, count in zip(pairs, counts, strict=True) for _ in range(count)]
    return [score for score, _ in flat], [good for _, good in flat]


def test_kappa_and_its_error_are_those_of_a_published_example() -> None:
    kappa = cohens_kappa(DIAGNOSES)

    assert kappa.value == pytest.approx(0.676, abs=0.001)
    assert kappa.error == pytest.approx(0.0877, abs=0.0005)


@given(COUNTS)
def test_kappa_is_that_of_an_independent_library(table: list[list[int]]) -> None:
    mine = [i for i in (0, 1) for j in (0, 1) for _ in range(table[i][j])]
    theirs = [j for i in (0, 1) for j in (0, 1) for _ in range(table[i][j])]
    kappa = cohens_kappa(table)

    if math.isnan(kappa.value):
        assert len(set(mine) | set(theirs)) < 2
    else:
        assert kappa.value == pytest.approx(cohen_kappa_score(mine, theirs))


@pytest.mark.parametrize("table", [DIAGNOSES, [[20, 5], [10, 15]], [[50, 9], [4, 12]]])
def test_the_error_is_that_of_the_delta_method_by_numbers(table: list[list[int]]) -> None:
    shares = np.asarray(table, float) / np.sum(table)

    def kappa(cells: np.ndarray) -> float:
        found = cells / cells.sum()
        by_chance = found.sum(1) @ found.sum(0)
        return float((np.trace(found) - by_chance) / (1 - by_chance))

    step = 1e-6
    slope = np.zeros_like(shares)
    for cell in np.ndindex(shares.shape):
        bump = np.zeros_like(shares)
        bump[cell] = step
        slope[cell] = (kappa(shares + bump) - kappa(shares - bump)) / (2 * step)
    variance = ((shares * slope**2).sum() - (shares * slope).sum() ** 2) / np.sum(table)

    assert cohens_kappa(table).error == pytest.approx(math.sqrt(variance), rel=1e-4)


def test_a_tie_of_the_judge_is_no_verdict_for_an_answer() -> None:
    found = judge_agreement([1.0, 0.5, 0.0], [True, True, False])

    assert (found.judge_good, found.people_good) == (1, 2)
    assert found.share == pytest.approx(2 / 3)


@pytest.mark.parametrize(("scores", "people"), [([], []), ([1.0] * 4, [True] * 4)])
def test_kappa_is_undefined_where_everybody_says_one_thing(
    scores: list[float], people: list[bool]
) -> None:
    found = judge_agreement(scores, people)

    assert (found.kappa, found.low, found.high) == (None, None, None)


def test_a_judge_that_praises_everything_agrees_by_chance_only() -> None:
    found = judge_agreement(*verdicts(both=30, judge_only=10, people_only=0, neither=0))

    assert (found.kappa, found.low, found.high) == (0.0, 0.0, 0.0)
    assert trusted(found, 0.0) == (
        False,
        "the judge agrees with people at kappa 0.00, 95% interval 0.00 to 0.00, on 40 rated "
        "answers: that may be chance",
    )


@given(COUNTS)
def test_the_interval_holds_kappa_and_stays_within_its_range(table: list[list[int]]) -> None:
    (both, judge_only), (people_only, neither) = table
    found = judge_agreement(*verdicts(both, judge_only, people_only, neither))

    if found.kappa is not None and found.low is not None and found.high is not None:
        assert -1 <= found.low <= found.kappa + 1e-12
        assert found.kappa - 1e-12 <= found.high <= 1


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((12, 2, 2, 13), "on 29 rated answers: at least 30 are needed"),
        ((40, 0, 0, 4), "40 rated answers good and 4 bad: 5 of each are needed"),
        ((40, 0, 0, 0), "40 rated answers good and 0 bad: 5 of each are needed"),
        ((15, 10, 10, 15), "below minimum_kappa 0.4"),
        ((24, 3, 1, 2), "that may be chance"),
    ],
    ids=["too few", "too few of one kind", "one kind only", "below the bar", "perhaps chance"],
)
def test_a_judge_that_is_not_shown_to_agree_is_not_trusted(
    counts: tuple[int, int, int, int], told: str
) -> None:
    is_trusted, reason = trusted(judge_agreement(*verdicts(*counts)), 0.4)

    assert not is_trusted
    assert told in reason


def test_a_judge_that_agrees_well_is_trusted_and_the_reason_has_the_numbers() -> None:
    found = judge_agreement(*verdicts(both=22, judge_only=3, people_only=2, neither=23))

    assert trusted(found, 0.4) == (
        True,
        "the judge agrees with people at kappa 0.80, 95% interval 0.63 to 0.97, on 50 rated "
        "answers: that reaches minimum_kappa 0.4",
    )
