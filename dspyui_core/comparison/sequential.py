"""Sequential tests of two rates of 0/1 outcomes, which may be looked at after every outcome.

Each test is a mixture of likelihood ratios (Robbins 1970, "Statistical methods related to the law
of the iterated logarithm"; as e-values: Grünwald, de Heide and Koolen 2024, "Safe testing", and for
two samples Turner, Ly and Grünwald 2024, "Generic E-variables for exact sequential k-sample
tests"). By Ville's inequality it ever exceeds 1 / error with a probability of at most `error`
where the null holds, however often, and for whatever reason, one looks.

What is not known of the predecessor's rate is part of the null: it is the mixture that its earlier
outcomes leave open, under Jeffreys' prior, and not their mean. Of a mixture the bound is exact; at
each fixed rate the error is measured in benchmarks/watching.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts", "Outcomes", "log_evidence", "rate_bounds"]

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

# Jeffreys' prior is even over these: half a standard deviation of 2,500 outcomes apart.
_NODES: Final = 256
_FINE: Final = 4_096
_LEAST: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Counts:
    """`good` outcomes of `total`; halves are allowed, where half of something is known."""

    good: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """0/1 outcomes in the order in which they came: which were good, and which the champion's.

    `before` are the predecessor's outcomes that were known before the first of them.
    """

    good: Marks
    ours: Marks
    before: Counts = Counts()

    @property
    def champion(self) -> Counts:
        """What the champion's come to."""
        return Counts(float((self.good & self.ours).sum()), float(self.ours.sum()))

    @property
    def predecessor(self) -> Counts:
        """What the predecessor's come to, with those before."""
        good = float((self.good & ~self.ours).sum())
        return Counts(self.before.good + good, self.before.total + float((~self.ours).sum()))


def log_evidence(outcomes: Outcomes, *, margin: float = 0.0, either: bool = False) -> Numbers:
    """The logarithm of the evidence after each outcome that the champion's rate is lower.

    The null: it is at most `margin` (0..1) below the predecessor's. With `either` the null is that
    both are the same, and a higher rate counts as well. Natural logarithms.
    """
    if not len(outcomes.ours):
        return np.zeros(0)
    nodes = _nodes(_NODES)
    allowed = np.maximum(np.searchsorted(nodes, nodes - margin, side="right") - 1, 0)
    worse = _worse(allowed, either)
    champion = _likelihood(outcomes.good & outcomes.ours, outcomes.ours, Counts(), nodes)
    theirs = ~outcomes.ours
    if not theirs.any():
        known = _likelihood(theirs[:1], theirs[:1], outcomes.before, nodes)[0]
        null = np.bincount(allowed, weights=known, minlength=_NODES)
        return _log_ratio(champion @ (known @ worse), champion @ null)
    predecessor = _likelihood(outcomes.good & theirs, theirs, outcomes.before, nodes)
    against = (predecessor * (champion @ worse.T)).sum(axis=1)
    return _log_ratio(against, (predecessor * champion[:, allowed]).sum(axis=1))


def rate_bounds(counts: Counts, *, error: float = 0.05) -> tuple[float, float]:
    """An interval for a rate that holds at all times at once but for `error`; 0 to 1 of nothing.

    The rates that a Beta(1/2, 1/2) mixture does not speak against with 1 / error.
    """
    nodes, bad = _nodes(_FINE), counts.total - counts.good
    mixture = _log_beta(counts.good + 0.5, bad + 0.5) - _log_beta(0.5, 0.5)
    log_ratio = mixture - counts.good * np.log(nodes) - bad * np.log1p(-nodes)
    kept = nodes[log_ratio < -np.log(error)]
    low = 0.0 if kept[0] == nodes[0] else float(kept[0])
    return low, 1.0 if kept[-1] == nodes[-1] else float(kept[-1])


def _nodes(count: int) -> Numbers:
    return np.sin(np.pi * (np.arange(count) + 0.5) / (2 * count)) ** 2


def _worse(allowed: NDArray[np.int_], either: bool) -> Numbers:
    """By node of the predecessor, what is expected of a champion to which the null does not apply.

    Even over all lower rates, or over all other ones. Where there is no lower one, the null itself.
    """
    column = np.arange(len(allowed))
    apart = column != allowed[:, None] if either else column < allowed[:, None]
    apart[~apart.any(axis=1), 0] = True
    return apart / apart.sum(axis=1, keepdims=True)


def _likelihood(good: Marks, counted: Marks, before: Counts, nodes: Numbers) -> Numbers:
    """After each outcome, the likelihood at each node, 1 at the likeliest; one row an outcome."""
    hits = before.good + np.cumsum(good)
    misses = before.total + np.cumsum(counted) - hits
    logs = np.column_stack((hits, misses)) @ np.vstack((np.log(nodes), np.log1p(-nodes)))
    logs -= logs.max(axis=1, keepdims=True)
    return np.exp(logs, out=logs)


def _log_ratio(over: Numbers, under: Numbers) -> Numbers:
    return np.log(np.maximum(over, _LEAST)) - np.log(np.maximum(under, _LEAST))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
