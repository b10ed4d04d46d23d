"""The exact tails are what scipy says they are."""

from __future__ import annotations

import pytest
from scipy import stats

from dspyui_core.datasets.trust.tails import beta_binomial, poisson_threshold, summed


@pytest.mark.parametrize(("trials", "hits", "among"), [(0, 3, 9), (12, 0, 0), (30, 40, 90)])
def test_a_beta_binomial_is_the_one_of_scipy(trials: int, hits: int, among: int) -> None:
    ours = beta_binomial(trials, hits, among)

    theirs = stats.betabinom(trials, 1 + hits, 1 + among - hits).pmf(range(trials + 1))
    assert ours == pytest.approx(list(theirs))


def test_the_sum_of_two_counts_is_distributed_as_their_convolution() -> None:
    first, second = beta_binomial(5, 2, 9), beta_binomial(3, 8, 9)

    total = summed(first, second)

    assert sum(total) == pytest.approx(1)
    assert total[8] == pytest.approx(first[5] * second[3])
    assert total[1] == pytest.approx(first[0] * second[1] + first[1] * second[0])


@pytest.mark.parametrize("rate", [0.5, 1, 4.5, 60, 900])
@pytest.mark.parametrize("error", [0.05, 1e-6])
def test_the_poisson_threshold_is_the_smallest_count_that_is_rare_enough(
    rate: float, error: float
) -> None:
    count = poisson_threshold(rate, error)

    assert stats.poisson(rate).sf(count - 1) <= error
    assert stats.poisson(rate).sf(count - 2) > error
