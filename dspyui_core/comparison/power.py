"""Power: what a holdout can show, and how many rows it takes to show more."""

from __future__ import annotations

import math
from statistics import NormalDist

from dspyui_core.records import Comparison

__all__ = ["POWER", "rows_needed", "smallest_detectable"]

POWER = 0.8
_NORMAL = NormalDist()


def rows_needed(comparison: Comparison, effect: float, *, level: float) -> int:
    """Holdout rows at which a true gain of `effect` is found at a one-sided `level`, 80 % power.

    The one-sample formula n = ((z_level + z_power) * sd / effect)^2 (Cohen 1988, Statistical
    Power Analysis, ch. 2) with the observed deviation of the differences.
    """
    return math.ceil((_both(level) * comparison.deviation / effect) ** 2)


def smallest_detectable(rows: int, deviation: float, *, level: float) -> float:
    """The true gain (0..1) that so many rows show at a one-sided `level` with 80 % power.

    The same formula, solved for the effect. `deviation` is that of the paired differences; of 0/1
    scores it is at most the root of the share of rows where the two differ.
    """
    return min(1.0, _both(level) * deviation / math.sqrt(rows))


def _both(level: float) -> float:
    return -_NORMAL.inv_cdf(level) + _NORMAL.inv_cdf(POWER)
