"""Comparing: two score cards in, the difference with its interval and its p-value out."""

from __future__ import annotations

import numpy as np

from dspyui_core.comparison.intervals import (
    Inferred,
    analytic,
    bootstrapped,
    of_agreement,
    of_proportions,
)
from dspyui_core.comparison.pairing import paired, scores_of
from dspyui_core.comparison.significance import mcnemar, signed_rank
from dspyui_core.records import Comparison, Interval, ScoreCard

__all__ = ["compare", "compare_scores", "score_interval"]

# Differences closer than this are the same: metrics compute with floating point numbers.
NOTHING = 1e-12


def compare(
    opponent: ScoreCard, candidate: ScoreCard, *, name: str, confidence: float = 0.95, seed: int = 0
) -> Comparison:
    """The mean paired difference, candidate minus opponent, its interval and its p-value.

    Both cards hold the same rows in any order; a failed row counts as 0. The p-value is one-sided:
    that the candidate is better. 0/1 scores: the exact McNemar test, and the interval of Bonett and
    Price. Other scores: Wilcoxon's signed-rank test and the BCa bootstrap over rows must agree, so
    the larger of their two p-values counts; the interval is the bootstrap's. Raises InputError
    where the rows differ, there are none, or a score is no number.
    """
    theirs, ours = paired(opponent, candidate)
    return compare_scores(theirs, ours, name=name, confidence=confidence, seed=seed)


def compare_scores(
    theirs: np.ndarray,
    ours: np.ndarray,
    *,
    name: str,
    confidence: float = 0.95,
    seed: int = 0,
    resampled: bool = True,
) -> Comparison:
    """`compare` for scores (0..1) of the same rows in the same order, both of shape (rows,).

    Without resampling the bootstrap's analytic form is used for any number of rows.
    """
    differences = ours - theirs
    differences[np.abs(differences) < NOTHING] = 0.0
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    found = (
        _of_right_and_wrong(wins, losses, len(differences), confidence)
        if _is_binary(theirs) and _is_binary(ours)
        else _of_degrees(differences, confidence, seed, resampled)
    )
    deviation = float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
    return Comparison(
        opponent=name,
        rows=len(differences),
        opponent_score=float(theirs.mean()),
        candidate_score=float(ours.mean()),
        difference=float(differences.mean()),
        low=found.low,
        high=found.high,
        confidence=confidence,
        wins=wins,
        losses=losses,
        deviation=deviation,
        p_value=found.p_value,
        effect_size=float(differences.mean()) / deviation if deviation else 0.0,
        method=found.method,
    )


def score_interval(card: ScoreCard, *, confidence: float = 0.95, seed: int = 0) -> Interval:
    """The interval of a card's mean score, 0..1, by the bootstrap over rows.

    It says how well this holdout knows one score. Two programs that answered the same rows are
    told apart by `compare` only. Raises InputError for a card without rows.
    """
    scores = scores_of(card)
    if np.ptp(scores) < NOTHING:
        low, high = of_agreement(float(scores[0]), len(scores), confidence)
    else:
        found = bootstrapped(scores, confidence, seed)
        low, high = found.low, found.high
    return Interval(low=max(0.0, low), high=min(1.0, high))


def _of_right_and_wrong(wins: int, losses: int, rows: int, confidence: float) -> Inferred:
    low, high = of_proportions(wins, losses, rows, confidence)
    return Inferred(low, high, mcnemar(wins, losses), "exact McNemar test; Bonett-Price interval")


def _of_degrees(differences: np.ndarray, confidence: float, seed: int, resampled: bool) -> Inferred:
    ranked = signed_rank(differences)
    if np.ptp(differences) < NOTHING:
        low, high = of_agreement(float(differences[0]), len(differences), confidence)
        return Inferred(low, high, ranked, "signed-rank test; rule of three")
    infer = bootstrapped if resampled else analytic
    found = infer(differences, confidence, seed)
    method = f"signed-rank test and {found.method}"
    return Inferred(found.low, found.high, max(ranked, found.p_value), method)


def _is_binary(scores: np.ndarray) -> bool:
    return bool(np.isin(scores, (0.0, 1.0)).all())
