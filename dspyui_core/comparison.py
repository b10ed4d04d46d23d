"""Paired statistics: candidate against opponent on the same rows."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from dspyui_core.errors import InputError
from dspyui_core.records import Comparison, Interval, ScoreCard

__all__ = ["compare", "rows_needed", "score_interval"]

RESAMPLES = 9_999
POWER = 0.8
# Scores closer than this are the same; BCa divides by the cube of their spread.
NOTHING = 1e-12


def compare(
    opponent: ScoreCard, candidate: ScoreCard, *, name: str, confidence: float = 0.95, seed: int = 0
) -> Comparison:
    """The mean paired difference, candidate minus opponent, with its bootstrap interval.

    Both cards hold the same rows in any order; a failed row counts as 0. The interval is the
    bias-corrected and accelerated bootstrap over rows (Efron 1987, JASA 82:171-185) with 9,999
    resamples. Raises InputError where the rows differ or there are none.
    """
    theirs, ours = _paired_scores(opponent, candidate)
    differences = ours - theirs
    low, high = _interval(differences, confidence, seed)
    return Comparison(
        opponent=name,
        rows=len(differences),
        opponent_score=float(theirs.mean()),
        candidate_score=float(ours.mean()),
        difference=float(differences.mean()),
        low=low,
        high=high,
        confidence=confidence,
        wins=int((differences > 0).sum()),
        losses=int((differences < 0).sum()),
        deviation=float(differences.std(ddof=1)) if len(differences) > 1 else 0.0,
        method=f"paired bootstrap, BCa, {RESAMPLES} resamples over rows",
    )


def score_interval(card: ScoreCard, *, confidence: float = 0.95, seed: int = 0) -> Interval:
    """The interval of a card's mean score, 0..1, by the same bootstrap as in `compare`.

    It says how well this holdout knows one score. Two programs that answered the same rows are
    told apart by `compare` only. Raises InputError for a card without rows.
    """
    if not card.rows:
        raise InputError("a score card without rows has no interval")
    scores = np.array([row.score or 0.0 for row in card.rows])
    low, high = _interval(scores, confidence, seed)
    return Interval(low=max(0.0, low), high=min(1.0, high))


def rows_needed(comparison: Comparison, effect: float) -> int:
    """Holdout rows at which a true difference of `effect` is found with 80 % power.

    The two-sided one-sample formula n = ((z_confidence + z_power) * sd / effect)^2
    (Cohen 1988, Statistical Power Analysis, ch. 2) with the observed deviation of differences.
    """
    z_confidence = NormalDist().inv_cdf(1 - (1 - comparison.confidence) / 2)
    z_power = NormalDist().inv_cdf(POWER)
    return math.ceil(((z_confidence + z_power) * comparison.deviation / effect) ** 2)


def _paired_scores(opponent: ScoreCard, candidate: ScoreCard) -> tuple[np.ndarray, np.ndarray]:
    theirs = {row.row_id: row.score or 0.0 for row in opponent.rows}
    ours = {row.row_id: row.score or 0.0 for row in candidate.rows}
    if not theirs or theirs.keys() != ours.keys():
        raise InputError(
            f"the score cards do not hold the same rows ({len(theirs)} and {len(ours)})",
            hint="evaluate both programs on the same split of the same dataset version",
        )
    order = sorted(theirs)
    return np.array([theirs[key] for key in order]), np.array([ours[key] for key in order])


def _interval(differences: np.ndarray, confidence: float, seed: int) -> tuple[float, float]:
    if np.ptp(differences) < NOTHING:
        # Nothing varies, so there is nothing to resample; the interval of rows that all agree
        # is bounded by the rule of three (Hanley & Lippman-Hand 1983, JAMA 249:1743-1745).
        slack = -math.log(1 - confidence) / len(differences)
        value = float(differences[0])
        return max(-1.0, value - slack), min(1.0, value + slack)
    from scipy import stats  # takes a second, and most commands compare nothing

    result = stats.bootstrap(
        (differences,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="BCa",
        batch=500,
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
