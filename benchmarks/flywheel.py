"""What five turns of the loop are worth, with users who err and with users who do not.

    python benchmarks/flywheel.py --data FOLDER     # ten seeds; Banking77 and the example
    python benchmarks/flywheel.py                   # the example only
    python benchmarks/flywheel.py --quick           # three seeds
    python benchmarks/flywheel.py --json            # for programs

FOLDER has train.csv and test.csv of Banking77 (examples/banking77/README.md says where they are
published). Turn 0 learns from the user's own rows. Before each of five more turns the served
champion answers 300 messages. 70 % of their users say nothing; of the noisy others 20 % rate
wrongly, and 10 % of corrections are wrong (more of those given: who dislikes a right answer can
only correct it wrongly); clean users never err. All else is the loop itself, with the specs' own
optimizers and the promotion policy's defaults, in a fresh home for each seed.

Scores are accuracies on test rows that no turn touches, the mean over the seeds with its 95 %
t-interval. `candidate` is what the turn compiled, `champion` what serves after it; the peer,
`higher_mean`, releases whatever scores higher on the same holdout than what it released before, as
one does in a notebook. Both start with the uncompiled program. A promotion is `lower` where the
test rows score it lower than the program it replaced (`peer_lower`: the peer's), and `false` where
they show that: the paired 95 % interval is below 0. `train` are train rows, `lm_calls` the turn's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from statistics import fmean, stdev

from loop import Life, Step, lived
from reporting import Bar, options, quiet, report
from users import CLEAN, NOISY, banking, example

SEEDS, QUICK_SEEDS = 10, 3
PROCESSES = 2
# Points of accuracy from turn 0 to turn 5, on Banking77: (candidate, served champion).
LEAST_GAINS = {"noisy": (8.0, 5.0), "clean": (11.0, 8.0)}
BANKING = "banking-13"


@dataclass(frozen=True)
class Row:
    """One turn over all seeds: mean accuracies (0..1) with intervals, counts, mean LM calls."""

    data: str
    users: str
    turn: int
    train: float
    candidate: float
    candidate_interval: str
    champion: float
    champion_interval: str
    higher_mean: float
    promoted: int
    refused: int
    inconclusive: int
    other: int
    lower: int
    false: int
    peer_lower: int
    lm_calls: float


def summed(steps: Sequence[Step]) -> list[Row]:
    """A row for each turn of each data and users, over the seeds."""
    ordered = sorted(steps, key=_group)
    return [_row(list(some)) for _, some in groupby(ordered, key=_group)]


def _group(step: Step) -> tuple[str, str, int]:
    return step.data, step.users, step.turn


def _row(steps: Sequence[Step]) -> Row:
    first, outcomes = steps[0], [step.outcome for step in steps]
    named = {name: outcomes.count(name) for name in ("promoted", "refused", "inconclusive")}
    return Row(
        data=first.data,
        users=first.users,
        turn=first.turn,
        train=fmean(step.train for step in steps),
        candidate=fmean(step.candidate for step in steps),
        candidate_interval=interval([step.candidate for step in steps]),
        champion=fmean(step.champion for step in steps),
        champion_interval=interval([step.champion for step in steps]),
        higher_mean=fmean(step.higher_mean for step in steps),
        **named,
        other=len(steps) - sum(named.values()),
        lower=sum(step.lower for step in steps),
        false=sum(step.false for step in steps),
        peer_lower=sum(step.peer_lower for step in steps),
        lm_calls=fmean(step.lm_calls for step in steps),
    )


def interval(values: Sequence[float]) -> str:
    """The 95 % t-interval of a mean over seeds."""
    low, high = _ends(values)
    return f"{low:.3f} to {high:.3f}"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return fmean(values) - half, fmean(values) + half


def bars(rows: Sequence[Row]) -> list[Bar]:
    """What five turns have to be worth on Banking77, in points; none where it was not run."""
    found = []
    for users, (candidate, champion) in LEAST_GAINS.items():
        own = [row for row in rows if (row.data, row.users) == (BANKING, users)]
        if own:
            first, last = own[0], own[-1]
            gains = last.candidate - first.candidate, last.champion - first.champion
            found += [
                Bar(f"points that candidates rise, {users} users", 100 * gains[0], candidate),
                Bar(f"points that served champions rise, {users} users", 100 * gains[1], champion),
            ]
    return found


def lives(seeds: int, data: Path | None) -> Iterator[Life]:
    """Every program with both kinds of users, seed by seed."""
    for seed in range(seeds):
        for users in (NOISY, CLEAN):
            if data is not None:
                yield Life(BANKING, users, seed, partial(banking, data=data))
            yield Life("example", users, seed, example)


def main() -> None:
    """Run, print a table or JSON."""
    given = options(__doc__ or "", "three seeds", data="Banking77's train.csv and test.csv")
    if given.data is None:
        print("the example only; with Banking77: --data FOLDER", file=sys.stderr)
    quiet()
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = pool.map(lived, lives(QUICK_SEEDS if given.quick else SEEDS, given.data))
        rows = summed([step for steps in found for step in steps])
    report("flywheel", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
