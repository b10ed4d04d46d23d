"""How often the gate promotes what is no better, and how often it sees what is.

    python benchmarks/gate_error.py            # 2,000 repetitions
    python benchmarks/gate_error.py --quick    # 200
    python benchmarks/gate_error.py --json     # for programs

Twenty candidates, one after the other, are exactly as good as the champion, and differ from it on
a share of all inputs (the discordance). Each is compared on the same holdout and judged by the
decision that a turn takes: the comparison, the level of the look, the policy. `growing` lets a
fifth of the holdout come new every five looks, as labelled samples do, which opens an epoch. The
peers judge the same draws: a higher mean is promoted, or a mean that is higher by one standard
error. Then a candidate that is five points better takes the first look.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from reporting import Bar, options, quiet, report

LOOKS = 20
ACCURACY = 0.7
GAIN = 0.05
DISCORDANCES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
ROWS = (100, 300, 1_000)
MOST_FALSE, LEAST_SEEN = 0.05, 0.85
SEEN_AT = (0.15, 1_000)
GROWS_EVERY = 5
PROCESSES = 2


@dataclass(frozen=True)
class Row:
    """One kind of holdout: shares of the repetitions in which anything was promoted."""

    question: str
    scores: str
    rows: int
    discordance: float
    ours: float
    higher_mean: float
    one_standard_error: float


@dataclass(frozen=True)
class Case:
    """What is drawn: the kind of scores, how many rows, how often the two programs differ."""

    scores: str
    rows: int
    discordance: float
    gain: float = 0.0
    looks: int = LOOKS
    grows: bool = False


def champions(case: Case, rows: int, chance: np.random.Generator) -> np.ndarray:
    """The champion's scores on so many inputs."""
    if case.scores == "0/1":
        return (chance.random(rows) < ACCURACY).astype(float)
    return np.round(chance.beta(4, 2, rows), 2)


def candidates(case: Case, theirs: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Scores of a candidate whose true mean is the champion's and the gain."""
    if case.scores == "0/1":
        won = (case.discordance + case.gain) / 2 / (1 - ACCURACY)
        lost = (case.discordance - case.gain) / 2 / ACCURACY
        drawn = chance.random(len(theirs))
        return np.where(theirs > 0, drawn >= lost, drawn < won).astype(float)
    # Another answer to some inputs, as good as the first one on average.
    differs = chance.random(len(theirs)) < case.discordance
    return np.where(differs, np.round(chance.beta(4, 2, len(theirs)), 2), theirs)


def promotes(theirs: np.ndarray, ours: np.ndarray, history: list[Any]) -> bool:
    """Whether the turn's own judgement promotes; the look is added to the history."""
    from dspyui_core.comparison import compare_scores
    from dspyui_core.promotion import Evidence, decide, next_look
    from dspyui_core.spec import PromotionSpec

    policy = PromotionSpec(minimum_effect=0.0)
    look = next_look(history, policy)
    found = compare_scores(theirs, ours, name="champion", resampled=False)
    if found.p_value <= 2 * look.level:
        # The bootstrap takes long, and its analytic form differs in the third digit.
        found = compare_scores(theirs, ours, name="champion")
    verdict = decide(Evidence(comparison=found, look=look), policy).verdict
    history.append(entry("turn", look.epoch, look.level))
    return verdict == "promote"


def entry(kind: str, epoch: int, level: float | None) -> Any:
    """A decision in the ledger, as far as a look asks for it."""
    from dspyui_core.promotion import LedgerEntry

    unused = {"turn_id": None, "version": None, "reasons": [], "evidence": {}, "actor": "turn"}
    return LedgerEntry(
        seq=0, program="p", predecessor=0, kind=kind, verdict="refuse", epoch=epoch, look=0,
        at=datetime(2025, 1, 1, tzinfo=UTC), level=level, **unused,
    )  # fmt: skip


def repetition(case: Case, seed: int) -> tuple[bool, bool, bool]:
    """Whether ours and the two peers promote anything, in so many looks at one holdout."""
    chance = np.random.default_rng([seed, case.rows, int(100 * case.discordance), case.grows])
    theirs = champions(case, case.rows, chance)
    history: list[Any] = []
    found = [False, False, False]
    for number in range(case.looks):
        if case.grows and number and number % GROWS_EVERY == 0:
            theirs = np.concatenate([theirs, champions(case, case.rows // 5, chance)])
            history.append(entry("epoch", history[-1].epoch + 1, None))
        ours = candidates(case, theirs, chance)
        found[0] |= promotes(theirs, ours, history)
        difference = ours - theirs
        found[1] |= bool(difference.mean() > 0)
        error = difference.std(ddof=1) / len(difference) ** 0.5
        found[2] |= bool(difference.mean() > error)
    return found[0], found[1], found[2]


def shares(case: Case, repetitions: int) -> Row:
    """In which shares of the repetitions anything was promoted."""
    found = np.array([repetition(case, seed) for seed in range(repetitions)]).mean(axis=0)
    question = "better by 5 points" if case.gain else "growing" if case.grows else "no better"
    return Row(question, case.scores, case.rows, case.discordance, *(float(f) for f in found))


def cases() -> Iterable[Case]:
    """Every kind of candidate and holdout."""
    for scores, rows, discordance in product(("0/1", "graded"), ROWS, DISCORDANCES):
        yield Case(scores, rows, discordance)
    for scores, rows, discordance in product(("0/1", "graded"), ROWS, (0.1, 0.3)):
        yield Case(scores, rows, discordance, grows=True)
    for rows, discordance in product((300, 1_000), DISCORDANCES[1:]):
        yield Case("0/1", rows, discordance, gain=GAIN, looks=1)


def bars(rows: list[Row]) -> list[Bar]:
    """The most false promotions of any kind of holdout, and the real gain that has to be seen."""
    seen = [r for r in rows if r.question == "better by 5 points"]
    named = [r for r in seen if (r.discordance, r.rows) == SEEN_AT]
    found = [
        Bar(f"most false promotions in {LOOKS} looks ({question})", worst, MOST_FALSE, most=True)
        for question in ("no better", "growing")
        for worst in [max(r.ours for r in rows if r.question == question)]
    ]
    return [
        *found,
        Bar(
            "a gain of 5 points at 1,000 rows, 15 % discordance, is seen", named[0].ours, LEAST_SEEN
        ),
    ]


def main() -> None:
    """Simulate, print a table or JSON."""
    given = options(__doc__ or "", "200 repetitions")
    quiet()
    work = partial(shares, repetitions=200 if given.quick else 2_000)
    with ProcessPoolExecutor(PROCESSES) as pool:
        rows = list(pool.map(work, cases()))
    report("gate_error", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
