"""Intervals: where the true mean difference lies, given the rows that were looked at."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

__all__ = ["Inferred", "analytic", "bootstrapped", "of_agreement", "of_proportions"]

RESAMPLES = 9_999
# Above so many rows resampling takes long and its analytic form gives the same ends.
MOST_RESAMPLED = 2_000
_BATCH = 2_000_000
_FAR = 8.0
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Inferred:
    """The interval of a mean, the one-sided p-value of a mean above 0, and how they were found."""

    low: float
    high: float
    p_value: float
    method: str


def of_proportions(wins: int, losses: int, rows: int, confidence: float) -> tuple[float, float]:
    """The interval of the difference of two paired proportions.

    The adjusted Wald interval of Bonett and Price (2012, Journal of Educational and Behavioral
    Statistics 37:479-488), which keeps its level down to a few rows and where no row differs.
    """
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    won, lost = (wins + 1) / (rows + 2), (losses + 1) / (rows + 2)
    middle = won - lost
    half = z * math.sqrt((won + lost - middle**2) / (rows + 2))
    return max(-1.0, middle - half), min(1.0, middle + half)


def of_agreement(value: float, rows: int, confidence: float) -> tuple[float, float]:
    """The interval of rows that all say the same, which nothing can be resampled from.

    Bounded by the rule of three (Hanley and Lippman-Hand 1983, JAMA 249:1743-1745).
    """
    slack = -math.log(1 - confidence) / rows
    return max(-1.0, value - slack), min(1.0, value + slack)


def bootstrapped(values: np.ndarray, confidence: float, seed: int) -> Inferred:
    """The bias-corrected and accelerated bootstrap of a mean (Efron 1987, JASA 82:171-185).

    With 9,999 resamples of up to 2,000 rows; of more rows its analytic form for a mean, ABC
    (DiCiccio and Efron 1992, Biometrika 79:231-245). The p-value is the level at which the lower
    end would be 0.
    """
    if len(values) > MOST_RESAMPLED:
        return analytic(values, confidence, seed)
    acceleration = _acceleration(values)
    means = _resampled_means(values, np.random.default_rng(seed))
    observed = values.mean()
    below = (np.sum(means < observed) + np.sum(means == observed) / 2) / len(means)
    bias = _NORMAL.inv_cdf(_inside(below, len(means)))
    ends = [_shifted(z, bias, acceleration) for z in _ends(confidence)]
    low, high = np.quantile(means, [_NORMAL.cdf(end) for end in ends])
    # A tie with 0 is no gain.
    reached = _NORMAL.inv_cdf(_inside(float(np.mean(means <= 0)), len(means)))
    p_value = _NORMAL.cdf(_unshifted(reached, bias, acceleration))
    method = f"BCa bootstrap, {RESAMPLES:,} resamples"
    return Inferred(float(low), float(high), p_value, method)


def analytic(values: np.ndarray, confidence: float, _seed: int = 0) -> Inferred:
    """The bootstrap's analytic form for a mean, ABC, of any number of rows."""
    acceleration = _acceleration(values)
    mean = float(values.mean())
    error = float(values.std()) / math.sqrt(len(values))

    def end(z: float) -> float:
        # Of a mean the bias is as large as the acceleration.
        shifted = acceleration + z
        return mean + error * shifted / (1 - acceleration * shifted) ** 2

    low, high = (end(z) for z in _ends(confidence))
    return Inferred(low, high, _where(end), "BCa bootstrap in its analytic form, ABC")


def _where(end: Callable[[float], float]) -> float:
    """The level whose lower end is 0."""
    from scipy import optimize  # takes a second, and most commands compare nothing

    if end(-_FAR) > 0 or end(_FAR) < 0:
        return _NORMAL.cdf(-_FAR if end(-_FAR) > 0 else _FAR)
    return _NORMAL.cdf(float(optimize.brentq(end, -_FAR, _FAR)))


def _resampled_means(values: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    rows = len(values)
    size = max(1, _BATCH // rows)
    batches = [min(size, RESAMPLES - start) for start in range(0, RESAMPLES, size)]
    return np.concatenate(
        [values[chance.integers(rows, size=(n, rows))].mean(axis=1) for n in batches]
    )


def _acceleration(values: np.ndarray) -> float:
    """A sixth of the skewness of the mean: what the jackknife comes to for one."""
    centred = values - values.mean()
    spread = float((centred**2).sum())
    return float((centred**3).sum()) / (6 * spread**1.5)


def _ends(confidence: float) -> tuple[float, float]:
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    return -z, z


def _shifted(z: float, bias: float, acceleration: float) -> float:
    return bias + (bias + z) / (1 - acceleration * (bias + z))


def _unshifted(shifted: float, bias: float, acceleration: float) -> float:
    moved = shifted - bias
    return moved / (1 + acceleration * moved) - bias


def _inside(share: float, resamples: int) -> float:
    """A share that is neither 0 nor 1, where nothing can be read off."""
    least = 1 / (resamples + 1)
    return min(max(share, least), 1 - least)
