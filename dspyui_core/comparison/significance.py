"""Significance: how likely a gain at least this large is where the candidate is no better."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["mcnemar", "signed_rank"]

# Up to here the distribution of the rank sum is worked out; above, the normal one is the same to
# three digits.
EXACT = 60


def mcnemar(wins: int, losses: int) -> float:
    """The one-sided p-value of a candidate that is right on `wins` rows more, wrong on `losses`.

    Exact: the chance of at least so many wins among the rows where just one is right, each of them
    a win with probability 1/2 (McNemar 1947, Psychometrika 12:153-157; the exact form is the sign
    test). 1 where no row tells them apart.
    """
    from scipy import stats  # takes a second, and most commands compare nothing

    return float(stats.binom.sf(wins - 1, wins + losses, 0.5))


def signed_rank(differences: np.ndarray) -> float:
    """The one-sided p-value of differences (candidate minus opponent) that are above 0.

    Wilcoxon's signed-rank test (1945, Biometrics Bulletin 1:80-83) without the rows that are
    equal, with middle ranks for ties; exact up to 60 rows that differ, with ties too, and the
    normal approximation with the ties' variance above. 1 where no row differs.
    """
    from scipy import stats  # takes a second, and most commands compare nothing

    told = differences[differences != 0]
    if not len(told):
        return 1.0
    # Middle ranks end in .0 or .5: doubled they are whole numbers.
    ranks = np.rint(2 * stats.rankdata(np.abs(told))).astype(int)
    reached = int(ranks[told > 0].sum())
    if len(told) <= EXACT:
        return _exact_tail(ranks, reached)
    mean, variance = ranks.sum() / 2, (ranks**2).sum() / 4
    # The doubled sum moves in steps of 2 without ties: half a step is the correction.
    return float(stats.norm.sf((reached - 1 - mean) / math.sqrt(variance)))


def _exact_tail(ranks: np.ndarray, reached: int) -> float:
    """The chance that the ranks with a fair sign each come to at least `reached`."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        with_it = np.zeros_like(chances)
        with_it[rank:] = chances[: len(chances) - rank]
        chances = (chances + with_it) / 2
    return float(min(1.0, chances[reached:].sum()))
