"""How far two samples of counts are apart, and how far chance alone puts two of their sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Distances = NDArray[np.float64]

# Distances of rows of counts, a sample each: two matrices of one shape give a distance per row.
Distance = Callable[[Any, Any], Any]
_DRAWS: Final = 1_000
# Added to each count, so that a class that one sample lacks has a finite distance.
_SMOOTHING: Final = 0.5


@dataclass(frozen=True, slots=True)
class Drift:
    """A distance between two samples, and the least distance that is drift."""

    distance: float
    threshold: float

    @property
    def is_drift(self) -> bool:
        """Whether chance does not explain it and it is large enough to matter."""
        return self.distance > self.threshold


def drift(
    distance: Distance, now: Counts, before: Counts, *, least: float, chance: float, seed: int
) -> Drift:
    """The distance of two samples of counts over the same classes or bins.

    The threshold is `least`, or the distance that two samples of these sizes from one distribution
    exceed with probability `chance`, whichever is larger. All rows are dealt out anew to both
    samples, many times over (a permutation test), which is exact where few rows meet many classes:
    samples drawn from the pooled shares are nearer to each other than real ones.
    """
    import numpy as np

    pooled = now + before
    seen = pooled > 0
    now, before, pooled = now[seen], before[seen], pooled[seen]
    deal = np.random.default_rng(seed).multivariate_hypergeometric
    ours = deal(pooled, now.sum(), size=_DRAWS, method="marginals")
    by_chance = float(np.quantile(distance(ours, pooled - ours), 1 - chance, method="higher"))
    return Drift(float(distance(now[None], before[None])[0]), max(least, by_chance))


def stability(now: Counts, before: Counts) -> Distances:
    """Population stability index: the sum of (p - q) ln(p / q) over the classes, 0 and more."""
    import numpy as np

    p, q = _shares(now), _shares(before)
    index: Distances = ((p - q) * np.log(p / q)).sum(axis=1)
    return index


def divergence(now: Counts, before: Counts) -> Distances:
    """Jensen-Shannon distance: the root of the divergence in bits, 0..1."""
    import numpy as np

    p, q = _shares(now), _shares(before)
    middle = (p + q) / 2
    bits = (p * np.log2(p / middle) + q * np.log2(q / middle)).sum(axis=1) / 2
    root: Distances = np.sqrt(np.clip(bits, 0, 1))
    return root


def largest_gap(now: Counts, before: Counts) -> Distances:
    """Two-sample Kolmogorov-Smirnov distance of binned values in their order, 0..1."""
    import numpy as np

    ours = now.cumsum(axis=1) / now.sum(axis=1, keepdims=True)
    theirs = before.cumsum(axis=1) / before.sum(axis=1, keepdims=True)
    gap: Distances = np.abs(ours - theirs).max(axis=1)
    return gap


def _shares(counts: Counts) -> Distances:
    smooth = counts + _SMOOTHING
    shares: Distances = smooth / smooth.sum(axis=1, keepdims=True)
    return shares
