"""The watch: does a new champion harm, by what its users say and by how it answers?"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Final, Literal

import numpy as np

from dspyui_core.comparison.sequential import Counts, Outcomes, log_evidence, rate_bounds
from dspyui_core.records import Record
from dspyui_core.spec import WatchSpec

__all__ = ["Compared", "Rate", "WatchEvidence", "Watched", "watch"]

Found = Literal["fine", "harm", "undecided"]
Measure = Literal["ratings", "failures", "latency", "share rated"]

# Parts of the error: the smaller ones cost little, since every answer counts there and not only
# those that somebody rates.
_PARTS: Final[dict[Measure, float]] = {"ratings": 0.8, "failures": 0.1, "latency": 0.1}
# Of the intervals that are shown, which hold at all times at once.
_SHOWN_ERROR: Final = 0.05
_LARGEST: Final = 300.0


class Rate(Record):
    """`share` (0..1) of `total` outcomes; None of none. Between `low` and `high` at all times."""

    share: float | None
    total: int
    low: float
    high: float


class Compared(Record):
    """One thing that is watched: the champion's rate against its predecessor's.

    `evidence` is the largest e-value so far (the first over `needed`, where one is), at the
    champion's outcome number `at`; `needed` is what shows a difference with the error allowed.
    """

    measure: Measure
    champion: Rate
    predecessor: Rate
    evidence: float
    at: int
    needed: float
    shown: bool
    reason: str = ""


class Watched(Record):
    """What a watch found, with its reasons and numbers; `drift` is of the share that is rated.

    `harm`: the champion is shown to be worse. `fine`: it was not within its horizon. Otherwise
    `undecided`, and watching goes on.
    """

    verdict: Found
    reasons: tuple[str, ...]
    ratings: int
    compared: tuple[Compared, ...]
    drift: Compared | None = None


@dataclass(frozen=True, slots=True)
class WatchEvidence:
    """What happened since a champion was promoted, each in the order in which it happened.

    Good are: an answer rated good, one that did not fail, one that took no longer than allowed,
    and one that somebody rated.
    """

    ratings: Outcomes
    failures: Outcomes | None = None
    latency: Outcomes | None = None
    rated: Outcomes | None = None


def watch(evidence: WatchEvidence, policy: WatchSpec) -> Watched:
    """Judge a champion by what came since its promotion, at any time and as often as one likes.

    A champion that is no worse is found to harm with a chance of at most `policy.error`, over all
    looks and all that is compared. The same evidence gives the same verdict.
    """
    found = [_ratings(evidence.ratings, policy)]
    if evidence.failures is not None:
        failures, margin = evidence.failures, policy.max_failures
        found.append(_judged("failures", failures, policy, margin=margin))
    if evidence.latency is not None:
        found.append(_judged("latency", evidence.latency, policy))
    drift = None if evidence.rated is None else _drift(evidence.rated, policy)
    ratings = int(evidence.ratings.champion.total)
    verdict = _verdict(found, ratings, policy)
    told = [c.reason for c in found if c.shown or verdict != "harm"]
    drifted = [drift.reason] if drift is not None and drift.shown else []
    return Watched(
        verdict=verdict,
        reasons=(*told, *drifted),
        ratings=ratings,
        compared=tuple(found),
        drift=drift,
    )


def _verdict(found: list[Compared], ratings: int, policy: WatchSpec) -> Found:
    if any(compared.shown for compared in found):
        return "harm"
    return "fine" if ratings >= policy.horizon else "undecided"


def _ratings(outcomes: Outcomes, policy: WatchSpec) -> Compared:
    """The ratings up to the horizon, where the champion has enough of them."""
    numbers = np.cumsum(outcomes.ours)
    within = numbers <= policy.horizon
    kept = Outcomes(outcomes.good[within], outcomes.ours[within], outcomes.before)
    return _judged("ratings", kept, policy, margin=policy.margin, minimum=policy.minimum)


def _judged(
    measure: Measure,
    outcomes: Outcomes,
    policy: WatchSpec,
    *,
    margin: float = 0.0,
    minimum: int = 1,
) -> Compared:
    return _compared(
        measure,
        outcomes,
        log_evidence(outcomes, margin=margin),
        needed=1 / (policy.error * _PARTS[measure]),
        minimum=minimum,
    )


def _drift(outcomes: Outcomes, policy: WatchSpec) -> Compared:
    """Whether the share of answers that is rated changed, in either direction: it is only told."""
    path = log_evidence(outcomes, either=True)
    return _compared("share rated", outcomes, path, needed=1 / policy.error)


def _compared(
    measure: Measure, outcomes: Outcomes, path: np.ndarray, *, needed: float, minimum: int = 1
) -> Compared:
    numbers = np.cumsum(outcomes.ours)
    path = np.where(numbers >= minimum, path, 0.0)
    crossed = np.flatnonzero(path >= log(needed))
    top = int(crossed[0] if len(crossed) else path.argmax()) if len(path) else None
    largest = 1.0 if top is None else exp(min(max(float(path[top]), 0.0), _LARGEST))
    compared = Compared(
        measure=measure,
        champion=_rate(outcomes.champion),
        predecessor=_rate(outcomes.predecessor),
        evidence=largest,
        at=0 if top is None else int(numbers[top]),
        needed=needed,
        shown=bool(len(crossed)),
    )
    return compared.model_copy(update={"reason": _told(compared)})


def _rate(counts: Counts) -> Rate:
    low, high = rate_bounds(counts, error=_SHOWN_ERROR)
    share = counts.good / counts.total if counts.total else None
    return Rate(share=share, total=int(counts.total), low=low, high=high)


_WORDS: Final[dict[Measure, str]] = {
    "ratings": "of its ratings are good",
    "failures": "of its answers did not fail",
    "latency": "of its answers took no longer than allowed",
    "share rated": "of its answers are rated",
}


def _told(found: Compared) -> str:
    ours, theirs = _share(found.champion), _share(found.predecessor)
    known = f"{ours} {_WORDS[found.measure]}, and {theirs} of the champion's before"
    told = f"{known}: evidence {found.evidence:.3g}"
    change = found.measure == "share rated"
    if not found.shown:
        return f"{told} of the {found.needed:.0f} that shows {'a change' if change else 'harm'}"
    what = "what is rated has changed" if change else "it is worse"
    return f"{told} after {found.at} of them, over {found.needed:.0f}: {what}"


def _share(rate: Rate) -> str:
    return "none" if rate.share is None else f"{rate.share:.1%} of {rate.total}"
