"""What adversaries among the users cost, with the gate's trust in raters and without.

    python benchmarks/poison.py --data FOLDER     # ten seeds; Banking77 and the example
    python benchmarks/poison.py                   # the example only
    python benchmarks/poison.py --quick           # three seeds
    python benchmarks/poison.py --json            # for programs

FOLDER has train.csv and test.csv of Banking77 (examples/banking77/README.md says where they are
published). A program that has learned from the user's own rows answers every live message. 70 % of
their users say nothing; the others err as the noisy users of benchmarks/flywheel.py do. Then 10 %
of all feedback is an attack: wrong corrections with a plan, each intent to the next one in the
alphabet, on messages of which nobody else speaks, by one user or shared by five. The feedback goes
through the real fold, checks, splits and snapshot, and knn_few_shot learns from it with the
embedded LM. Without the gate `rater_trust` and `burst` are off, and all else is the same.

Accuracies are on test rows that nobody learned from, the mean over the seeds; `costs` are points of
accuracy that are lost against the same without poison and without the gate, with the 95 %
t-interval over the seeds. `honest` and `poison` are rows learned from feedback; `refused` rows wait
for a second user, `refused_honest` of them by mistake.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean

from flywheel import interval
from poisoners import ATTACKS, NONE, ONE, Attack, Trial, World, tried
from reporting import Bar, options, quiet, report
from users import banking, example

SEEDS, QUICK_SEEDS = 10, 3
PROCESSES = 2
# Points of accuracy.
MOST_BY_ONE_USER, MOST_BY_THE_GATE = 2.0, 1.0


@dataclass(frozen=True)
class Row:
    """One attack on one program, gated or not, over all seeds."""

    data: str
    attack: str
    gate: str
    accuracy: float
    costs: float
    costs_interval: str
    honest: float
    poison: float
    refused: float
    refused_honest: float


def summed(trials: Sequence[Trial]) -> list[Row]:
    """A row for each attack on each data, with the gate and without."""
    names = sorted({trial.data for trial in trials})
    cells = product(names, ATTACKS, (True, False))
    return [_row(trials, data, attack, gated=gated) for data, attack, gated in cells]


def _row(trials: Sequence[Trial], data: str, attack: Attack, *, gated: bool) -> Row:
    own = of(trials, data, attack, gated=gated)
    costs = lost(of(trials, data, NONE, gated=False), own)
    return Row(
        data=data,
        attack=attack.name,
        gate="on" if gated else "off",
        accuracy=fmean(trial.accuracy for trial in own),
        costs=fmean(costs),
        costs_interval=interval(costs),
        honest=fmean(trial.honest for trial in own),
        poison=fmean(trial.poison for trial in own),
        refused=fmean(trial.refused for trial in own),
        refused_honest=fmean(trial.refused_honest for trial in own),
    )


def of(trials: Sequence[Trial], data: str, attack: Attack, *, gated: bool) -> list[Trial]:
    """The trials of one cell, by seed."""
    wanted = (data, attack.name, gated)
    own = [trial for trial in trials if (trial.data, trial.attack, trial.gated) == wanted]
    return sorted(own, key=lambda trial: trial.seed)


def lost(before: Sequence[Trial], after: Sequence[Trial]) -> list[float]:
    """Points of accuracy, seed by seed."""
    pairs = zip(before, after, strict=True)
    return [100 * (first.accuracy - second.accuracy) for first, second in pairs]


def bars(trials: Sequence[Trial]) -> list[Bar]:
    """What one adversary and the gate itself may cost, on each data."""
    found = []
    for data in sorted({trial.data for trial in trials}):
        honest = of(trials, data, NONE, gated=True)
        attacked = of(trials, data, ONE, gated=True)
        ungated = of(trials, data, NONE, gated=False)
        by_one, by_gate = fmean(lost(honest, attacked)), fmean(lost(ungated, honest))
        found += [
            Bar(f"points that one adversary costs, {data}", by_one, MOST_BY_ONE_USER, most=True),
            Bar(f"points that the gate costs, {data}", by_gate, MOST_BY_THE_GATE, most=True),
        ]
    return found


def worlds(seeds: int, data: Path | None) -> Iterator[World]:
    """Every program, seed by seed."""
    for seed in range(seeds):
        if data is not None:
            yield World("banking-13", seed, partial(banking, data=data))
        yield World("example", seed, example)


def main() -> None:
    """Run, print a table or JSON."""
    given = options(__doc__ or "", "three seeds", data="Banking77's train.csv and test.csv")
    if given.data is None:
        print("the example only; with Banking77: --data FOLDER", file=sys.stderr)
    quiet()
    seeds = QUICK_SEEDS if given.quick else SEEDS
    with ProcessPoolExecutor(PROCESSES) as pool:
        trials = [trial for some in pool.map(tried, worlds(seeds, given.data)) for trial in some]
    report("poison", summed(trials), bars(trials), as_json=given.json)


if __name__ == "__main__":
    main()
