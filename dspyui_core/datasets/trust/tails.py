"""Tails: exact chances of so many or more, where a usual rate is known from others only."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, lgamma, log, sqrt


def beta_binomial(trials: int, hits: int, among: int) -> list[float]:
    """The chances of 0 to `trials` hits, where others had `hits` `among` theirs.

    The predictive distribution of a Beta(1, 1) prior: what the others leave open widens it.
    """
    a, b = 1 + hits, 1 + among - hits
    whole = _log_beta(a, b)
    return [
        exp(_log_choose(trials, k) + _log_beta(a + k, b + trials - k) - whole)
        for k in range(trials + 1)
    ]


def summed(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """The distribution of the sum of two independent counts."""
    total = [0.0] * (len(first) + len(second) - 1)
    for k, chance in enumerate(first):
        for j, other in enumerate(second):
            total[k + j] += chance * other
    return total


def poisson_threshold(rate: float, error: float) -> int:
    """The smallest count that is reached with a chance of at most `error` at this mean rate."""
    # So far out that the rest is less than rounding.
    count = ceil(rate + 20 * sqrt(rate)) + 50
    reached = 0.0
    while count > 0:
        reached += exp(count * log(rate) - rate - lgamma(count + 1))
        if reached > error:
            break
        count -= 1
    return count + 1


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
