"""Sequential tests of two rates: right at every look, and against independent references."""

from __future__ import annotations

from itertools import product
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln

from dspyui_core.comparison.sequential import Counts, Outcomes, log_evidence, rate_bounds

COUNTS = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda c: Counts(c[0], sum(c)))
MARKS = st.lists(st.booleans(), min_size=1, max_size=40)


def of_champion(marks: list[bool], before: Counts) -> Outcomes:
    good = np.array(marks)
    return Outcomes(good=good, ours=np.ones_like(good), before=before)


def last(marks: list[bool], before: Counts, **options: object) -> float:
    return float(log_evidence(of_champion(marks, before), **options)[-1])  # type: ignore[arg-type]


def chance_if_the_same(good: int, bad: int, before: Counts) -> float:
    """The probability of one sequence where the rate is what the earlier outcomes leave open."""
    a, b = before.good + 0.5, before.total - before.good + 0.5
    return exp(betaln(a + good, b + bad) - betaln(a, b))


@pytest.mark.parametrize("before", [Counts(), Counts(3, 4), Counts(250, 300)])
def test_what_is_no_worse_gathers_no_evidence_on_average_at_any_look(before: Counts) -> None:
    for length in range(1, 7):
        expected = sum(
            chance_if_the_same(sum(marks), length - sum(marks), before)
            * exp(last(list(marks), before))
            for marks in product([True, False], repeat=length)
        )
        assert expected == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("good", "bad"), [(2, 9), (20, 18), (12, 1)])
def test_the_evidence_is_the_ratio_of_two_integrals(good: int, bad: int) -> None:
    before = Counts(41, 50)

    def likelihood(angle: float, hits: float, misses: float) -> float:
        return float(np.sin(angle) ** (2 * hits) * np.cos(angle) ** (2 * misses))

    def known(angle: float) -> float:
        return likelihood(angle, before.good, before.total - before.good)

    def lower(angle: float) -> float:
        return quad(lambda a: likelihood(a, good, bad), 0, angle)[0] / angle

    against = quad(lambda a: known(a) * lower(a), 0, np.pi / 2)[0]
    null = quad(lambda a: known(a) * likelihood(a, good, bad), 0, np.pi / 2)[0]

    marks = [True] * good + [False] * bad
    assert last(marks, before) == pytest.approx(log(against / null), abs=0.05)


@given(MARKS, COUNTS)
def test_one_good_outcome_less_never_speaks_for_the_champion(
    marks: list[bool], before: Counts
) -> None:
    fewer = [*marks]
    if True in fewer:
        fewer[fewer.index(True)] = False

    assert last(fewer, before) >= last(marks, before) - 1e-9


@given(MARKS, COUNTS, st.randoms(use_true_random=False))
def test_what_all_outcomes_come_to_does_not_depend_on_their_order(
    marks: list[bool], before: Counts, chance: object
) -> None:
    shuffled = [*marks]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert last(shuffled, before) == pytest.approx(last(marks, before), abs=1e-9)


@given(MARKS, MARKS)
def test_outcomes_of_the_same_time_count_like_those_before(
    theirs: list[bool], ours: list[bool]
) -> None:
    good = np.array([*theirs, *ours])
    both = Outcomes(good=good, ours=np.arange(len(good)) >= len(theirs))

    found = float(log_evidence(both)[-1])

    assert found == pytest.approx(last(ours, Counts(sum(theirs), len(theirs))), abs=1e-6)


def test_a_margin_asks_for_more_evidence() -> None:
    marks, before = [True, False] * 20, Counts(250, 300)

    strict, lenient = (last(marks, before, margin=margin) for margin in (0.0, 0.2))

    assert strict > lenient + 3


def test_what_is_better_is_no_evidence_of_harm_and_counts_as_a_change() -> None:
    marks, before = [True] * 60, Counts(150, 300)

    assert last(marks, before) < 0
    assert last(marks, before, either=True) > log(1_000)


def test_few_outcomes_before_leave_more_open_than_many() -> None:
    marks = [False] * 8

    few, many = (last(marks, Counts(0.9 * total, total)) for total in (10, 300))

    assert few < many


def test_nothing_is_no_evidence() -> None:
    assert len(log_evidence(of_champion([], Counts(3, 4)))) == 0


def test_thousands_of_outcomes_are_no_overflow() -> None:
    found = log_evidence(of_champion([False] * 5_000, Counts(300, 300)))

    assert np.isfinite(found).all()
    assert found[-1] > 100


@given(st.integers(0, 400), st.integers(0, 400))
def test_an_interval_holds_its_own_share(good: int, bad: int) -> None:
    low, high = rate_bounds(Counts(good, good + bad))

    assert 0 <= low <= good / max(good + bad, 1) <= high <= 1 or good + bad == 0


def test_an_interval_of_nothing_is_everything_and_narrows() -> None:
    low, high = rate_bounds(Counts(50, 100))

    assert rate_bounds(Counts()) == (0.0, 1.0)
    assert 0.3 < low < 0.4 < 0.6 < high < 0.7
