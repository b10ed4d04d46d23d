"""Agreement: how far an LM judge and people say the same of the same answers, beyond chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from dspyui_core.records import Record

__all__ = [
    "MINIMUM_OF_EACH",
    "MINIMUM_RATED",
    "Agreement",
    "Kappa",
    "cohens_kappa",
    "judge_agreement",
    "trusted",
]

# With fewer the interval of a judge that agrees well still reaches down to one that guesses.
MINIMUM_RATED: Final = 30
# Below this the normal approximation of a count does not hold: one lucky row would decide.
MINIMUM_OF_EACH: Final = 5
# A judge is for an answer where it says so in both orders; a tie is a half.
_FOR: Final = 0.5


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa, -1..1, and the standard error of its estimate; both NaN where undefined."""

    value: float
    error: float


class Agreement(Record):
    """A judge against people on `rows` answers: the share on which they agree, and Cohen's kappa.

    Kappa is 0 where they agree as often as by chance, 1 where they always do, with the interval
    `low`..`high` at `confidence`. All three are None where kappa is undefined: no answers, or
    everybody says the same of all of them. `judge_good` and `people_good` are counts of answers.
    """

    rows: int
    share: float
    kappa: float | None
    low: float | None
    high: float | None
    confidence: float
    judge_good: int
    people_good: int


def cohens_kappa(table: Sequence[Sequence[int]]) -> Kappa:
    """Cohen's kappa of two raters from their square table of counts, [i][j]: one i, the other j.

    The standard error is the large-sample one of Fleiss, Cohen and Everitt (1969), Psychological
    Bulletin 72:323-327.
    """
    counts = np.asarray(table, dtype=float)
    total = counts.sum()
    shares = counts / total if total else counts
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float(np.trace(shares)), float(rows @ columns)
    if not total or math.isclose(expected, 1.0):
        return Kappa(math.nan, math.nan)
    kappa = (observed - expected) / (1 - expected)
    return Kappa(kappa, _error(shares, kappa, expected) / math.sqrt(total))


def judge_agreement(
    scores: Sequence[float], people: Sequence[bool], *, confidence: float = 0.95
) -> Agreement:
    """The agreement of a judge's scores (0..1, good above a half) with what people said, by answer.

    Raises ValueError where the two are not of one length.
    """
    pairs = [(score > _FOR, said) for score, said in zip(scores, people, strict=True)]
    table = [[pairs.count((mine, theirs)) for theirs in (True, False)] for mine in (True, False)]
    kappa = cohens_kappa(table)
    low, high = _interval(kappa, confidence)
    return Agreement(
        rows=len(pairs),
        share=(table[0][0] + table[1][1]) / len(pairs) if pairs else 0.0,
        kappa=_defined(kappa.value),
        low=_defined(low),
        high=_defined(high),
        confidence=confidence,
        judge_good=sum(table[0]),
        people_good=table[0][0] + table[1][0],
    )


def trusted(
    agreement: Agreement, minimum_kappa: float, *, minimum_rated: int = MINIMUM_RATED
) -> tuple[bool, str]:
    """Whether a judge may decide, and why: as a gain must, its kappa must be shown to be above 0
    and reach a minimum.
    """
    if agreement.rows < minimum_rated:
        told = f"the judge is compared with people on {agreement.rows} rated answers"
        return False, f"{told}: at least {minimum_rated} are needed"
    good, bad = agreement.people_good, agreement.rows - agreement.people_good
    if min(good, bad) < MINIMUM_OF_EACH:
        told = f"people found {good} rated answers good and {bad} bad"
        return False, f"{told}: {MINIMUM_OF_EACH} of each are needed to judge the judge"
    return _reaches(agreement, minimum_kappa)


def _reaches(agreement: Agreement, minimum: float) -> tuple[bool, str]:
    # People said both, so kappa is defined.
    kappa, low, high = (value or 0.0 for value in (agreement.kappa, agreement.low, agreement.high))
    told = (
        f"the judge agrees with people at kappa {kappa:.2f}, {agreement.confidence:.0%} interval "
        f"{low:.2f} to {high:.2f}, on {agreement.rows} rated answers"
    )
    if kappa < minimum:
        return False, f"{told}: below minimum_kappa {minimum:g}"
    if low <= 0:
        return False, f"{told}: that may be chance"
    return True, f"{told}: that reaches minimum_kappa {minimum:g}"


def _interval(kappa: Kappa, confidence: float) -> tuple[float, float]:
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * kappa.error
    # The first of two that cannot be ordered is what max and min return: NaN stays NaN.
    return max(kappa.value - reach, -1.0), min(kappa.value + reach, 1.0)


def _error(shares: np.ndarray, kappa: float, expected: float) -> float:
    """The standard error of kappa times the root of the number of rows."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    same = np.diag(shares) @ (1 - (rows + columns) * (1 - kappa)) ** 2
    across = shares * (columns[:, None] + rows[None, :]) ** 2
    differ = (1 - kappa) ** 2 * (across.sum() - np.trace(across))
    spread = same + differ - (kappa - expected * (1 - kappa)) ** 2
    return math.sqrt(max(0.0, float(spread))) / (1 - expected)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
