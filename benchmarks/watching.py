"""How soon the watch takes back a release that harms, and how often one that does not.

    python benchmarks/watching.py            # 2,000 repetitions
    python benchmarks/watching.py --quick    # 100
    python benchmarks/watching.py --json     # for programs

300 earlier ratings of the predecessor are known, and up to 1,000 of the new champion come in, one
by one. With clean users a rating says whether the answer was right; otherwise one in five says the
opposite. The decision is that of the flow watch-champion, which looks after every rating. The peers
see the same ratings: a z-test of two shares at 1 %, looked at after every rating, as dashboards
are, and a threshold: the last 50 ratings are ten points worse than the predecessor's.

A `season` is a time from which all users are harder to please, 15 points, whoever answers; with a
holdback, a fifth of the users is still answered by the predecessor then. `half are rated` lets
the share of answers that anybody rates fall from 30 % to 15 %, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
from reporting import Bar, options, quiet, report

EARLIER, HORIZON = 300, 1_000
HARM, SEASON = 0.3, 0.15
WRONG = 0.2
RATES = (0.95, 0.85, 0.7, 0.5)
SOON_CLEAN, SOON_NOISY, MOST_FALSE, LEAST_TOLD = 40, 150, 0.01, 0.9
ANSWERS, RATED = 1_000, 0.3
LAST, POINTS, LEAST = 50, 0.1, 10
PROCESSES = 2


@dataclass(frozen=True)
class Case:
    """What is simulated; rates are shares of answers that are right."""

    question: str
    users: str
    predecessor: float
    loss: float = 0.0
    season: float = 0.0
    holdback: float = 0.0
    rated: float = RATED

    @property
    def rates(self) -> tuple[float, float, float]:
        """The shares of good ratings: of the predecessor before, of both since."""
        since = self.predecessor - self.season
        return tuple(map(self._told, (self.predecessor, since, since - self.loss)))  # type: ignore[return-value]

    def _told(self, right: float) -> float:
        return right if self.users == "clean" else WRONG + (1 - 2 * WRONG) * right


@dataclass(frozen=True)
class Row:
    """Shares of the repetitions that were rolled back, and the ratings it took in the median.

    `median` of those ratings counts a repetition that was not rolled back as one that took all.
    `drift` is the share in which a change of what is rated was told.
    """

    question: str
    users: str
    right_before: float
    ours: float
    median: float
    z_test: float
    threshold: float
    drift: float


@dataclass(frozen=True)
class Ratings:
    """One repetition: good ratings of those before, and each since, with whose it is."""

    earlier: int
    good: np.ndarray
    ours: np.ndarray


def drawn(case: Case, chance: np.random.Generator) -> Ratings:
    """The ratings of one repetition, up to the horizon of the champion."""
    before, theirs, champions = case.rates
    number = int(HORIZON / (1 - case.holdback))
    ours = chance.random(number) >= case.holdback
    good = chance.random(number) < np.where(ours, champions, theirs)
    return Ratings(int(chance.binomial(EARLIER, before)), good, ours)


def rolled_back(case: Case, found: Ratings, chance: np.random.Generator) -> tuple[int, bool]:
    """After how many ratings the watch takes it back, 0 for never; whether it told of a drift."""
    from dspyui_core.comparison.sequential import Counts, Outcomes
    from dspyui_core.promotion import WatchEvidence, watch
    from dspyui_core.spec import WatchSpec

    before = Counts() if case.holdback else Counts(found.earlier, EARLIER)
    rated = Outcomes(
        good=chance.random(ANSWERS) < case.rated,
        ours=np.ones(ANSWERS, dtype=bool),
        before=Counts(int(chance.binomial(ANSWERS, RATED)), ANSWERS),
    )
    ratings = Outcomes(good=found.good, ours=found.ours, before=before)
    watched = watch(WatchEvidence(ratings=ratings, rated=rated), WatchSpec(horizon=HORIZON))
    (compared,) = watched.compared
    told = watched.drift is not None and watched.drift.shown
    return (compared.at if watched.verdict == "harm" else 0), told


def z_tested(found: Ratings) -> bool:
    """Whether a one-sided z-test at 1 % is ever significant, looked at from the tenth rating on."""
    good = found.good[found.ours]
    number = np.arange(1, len(good) + 1)
    share = np.cumsum(good) / number
    pooled = (np.cumsum(good) + found.earlier) / (number + EARLIER)
    error = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / number + 1 / EARLIER))
    z = (found.earlier / EARLIER - share) / error
    return bool((z[LEAST - 1 :] > NormalDist().inv_cdf(0.99)).any())


def below_threshold(found: Ratings) -> bool:
    """Whether the last 50 ratings are ever ten points worse than those before."""
    recent = np.convolve(found.good[found.ours], np.ones(LAST) / LAST, "valid")
    return bool((recent <= found.earlier / EARLIER - POINTS).any())


def measured(case: Case, repetitions: int) -> Row:
    """All repetitions of a case."""
    after, told, z_test, threshold = [], 0, 0, 0
    for seed in range(repetitions):
        chance = np.random.default_rng([seed, int(1_000 * case.predecessor), len(case.users)])
        found = drawn(case, chance)
        at, drifted = rolled_back(case, found, chance)
        after.append(at)
        told += drifted
        z_test += z_tested(found)
        threshold += below_threshold(found)
    return Row(
        case.question,
        case.users,
        case.predecessor,
        ours=float(np.mean([at > 0 for at in after])),
        median=float(np.median([at or HORIZON for at in after])),
        z_test=z_test / repetitions,
        threshold=threshold / repetitions,
        drift=told / repetitions,
    )


def cases() -> Iterable[Case]:
    """Every release that is simulated."""
    for users, rate in product(("clean", "20% wrong"), RATES):
        yield Case("as good", users, rate)
        yield Case("30 points worse", users, rate, loss=HARM)
    yield Case("10 points worse", "clean", 0.85, loss=0.1)
    season = Case("season", "clean", 0.85, season=SEASON)
    yield season
    yield replace(season, question="season, holdback", holdback=0.2)
    yield Case("30 points worse, holdback", "clean", 0.85, loss=HARM, holdback=0.2)
    yield Case("half are rated", "clean", 0.85, rated=RATED / 2)


def bars(rows: list[Row]) -> list[Bar]:
    """How soon harm is taken back, how often none is, and that a drift is told apart."""

    def of(question: str, users: str = "") -> list[Row]:
        return [r for r in rows if r.question == question and users in r.users]

    clean, noisy = (
        max(row.median for row in of("30 points worse", users)) for users in ("clean", "wrong")
    )
    (half,) = of("half are rated")
    false = max(row.ours for row in (*of("as good"), *of("season, holdback"), half))
    steady = max(row.drift for row in of("as good"))
    return [
        Bar("ratings until harm is rolled back, clean users", clean, SOON_CLEAN, most=True),
        Bar("ratings until harm is rolled back, 20 % wrong", noisy, SOON_NOISY, most=True),
        Bar("an equally good release is rolled back", false, MOST_FALSE, most=True),
        Bar("half as many ratings are told as a drift", half.drift, LEAST_TOLD),
        Bar("a drift is told where there is none", steady, MOST_FALSE, most=True),
    ]


def main() -> None:
    """Simulate, print a table or JSON."""
    given = options(__doc__ or "", "100 repetitions")
    quiet()
    work: Any = partial(measured, repetitions=100 if given.quick else 2_000)
    with ProcessPoolExecutor(PROCESSES) as pool:
        rows = list(pool.map(work, cases()))
    report("watching", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
