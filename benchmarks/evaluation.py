"""What our evaluation adds to plain `dspy.Evaluate`, and how long a comparison takes.

    python benchmarks/evaluation.py            # ten rounds
    python benchmarks/evaluation.py --quick    # three
    python benchmarks/evaluation.py --json     # for programs

Both evaluate the same program on the same 1,000 rows by the same metric, in 8 threads, with an LM
that takes 20 ms, costs something, and fails on one row in a hundred; nothing is cached. They take
turns, and change who comes first. The program has no demos: with longer prompts DSPy itself works
longer, and what ours adds shows less. Ours ends with each row's answer, score, time and price in
MLflow's table, failures apart, macro F1, slices by label, length and metadata, percentiles of the
time and the price of 1,000 answers; the peer with its mean score.

Then two score cards of 20,000 rows, in different orders, are compared. The first comparison of a
process imports scipy, and has a row of its own.
"""

from __future__ import annotations

import logging
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from intents import LABELS, SPEC, program, response
from reporting import Bar, options, quiet, report

ROWS, THREADS, PAIRS = 1_000, 8, 20_000
LM_SECONDS, LM_USD = 0.02, 0.0001
FAILS_EVERY = 100
MOST_TIMES, MOST_SECONDS = 1.1, 1.0
CHANNELS = ("app", "mail", "phone", "web")
SENTENCES = (
    "my new card has still not come",
    "i lost my card in town this morning and would like another one",
    "please pay back what i was charged for an order that never arrived",
)
ORDER = re.compile(r"order (\d+)")
OURS, PEER, FIRST = "evaluate, with its table", "dspy.Evaluate", "first comparison of a process"


@dataclass(frozen=True)
class Row:
    """One kind of work on so many rows: seconds over the rounds."""

    work: str
    rows: int
    rounds: int
    median_s: float
    slowest_s: float


@dataclass(frozen=True)
class Found:
    """What an evaluation comes to: the mean score (a failed row counts as 0), and what ours adds.

    `usd` is the price of 1,000 answers.
    """

    mean: float
    failed: int = 0
    slices: Sequence[Any] = ()
    latency: Any = None
    usd: float | None = None


def examples(count: int) -> list[Any]:
    """Rows of the program, a message of one to eight sentences each, with a metadata column."""
    from dspyui_core.datasets import Row as Example

    return [
        Example.of(
            {"text": f"order {n}: " + ", ".join([SENTENCES[n % 3]] * (1 + n % 8))},
            {"intent": LABELS[n % 3]},
            "gold",
            source="rows",
            slices={"channel": CHANNELS[n % 4]},
        )
        for n in range(count)
    ]


class Slow:
    """The engine of an LM that takes its time, is wrong on every fifth row, and fails on some."""

    def complete(self, request: Any) -> Any:
        """Return the lm15.Response to an lm15.Request that ends with a row of `examples`."""
        from dspy import lm15

        time.sleep(LM_SECONDS)
        number = int(ORDER.findall(request.messages[-1].text)[0])
        if number % FAILS_EVERY == FAILS_EVERY - 1:
            raise lm15.TimeoutError("the LM is busy")
        return response(request, number)


def bare() -> Any:
    """The program without demos."""
    made = program()
    made.demos = []
    return made


def plain_lm() -> Any:
    """The LM as the peer has it."""
    import dspy

    return dspy.LM("benchmark/lm", engine=Slow(), cache=False, num_retries=0)


def priced_lm() -> Any:
    """The LM as ours has it: metered, and with a price, which DSPy knows of no engine."""
    from dspyui_core.lms import MeteredLM

    class Priced(MeteredLM):
        def update_history(self, entry: dict[str, Any]) -> None:
            super().update_history({**entry, "cost": LM_USD})

    return Priced("benchmark/lm", engine=Slow(), cache=False, num_retries=0)


def by_peer(rows: Sequence[Any]) -> Callable[[], Found]:
    """`dspy.Evaluate`, which may fail on any number of rows here."""
    import dspy

    from dspyui_core.programs import example_of

    devset, made, lm, metric = [example_of(row) for row in rows], bare(), plain_lm(), _metric()

    def run() -> Found:
        with dspy.context(lm=lm):
            evaluator = dspy.Evaluate(
                devset=devset, metric=metric, num_threads=THREADS, max_errors=len(rows) + 1
            )
            return Found(sum(score for *_, score in evaluator(made).results) / len(rows))

    return run


def by_us(rows: Sequence[Any], keep: Callable[[Any], Any]) -> Callable[[], Found]:
    """`evaluate` and all that is told of its card, which `keep` writes down."""
    from dspyui_core.evaluation import evaluate, latency_of, score_slices, usd_per_thousand
    from dspyui_core.spec import parse_spec

    outputs = parse_spec(SPEC).signature.outputs
    made, lm, metric = bare(), priced_lm(), _metric()
    about = {"program_digest": "p", "dataset_version": "d", "metric_name": "exact_match"}

    def run() -> Found:
        card = evaluate(
            made, rows, metric, lm=lm, split="file", threads=THREADS, outputs=outputs, **about
        )
        keep(card)
        return Found(
            mean=card.mean,
            failed=card.failed,
            slices=score_slices(card),
            latency=latency_of(card),
            usd=usd_per_thousand(card),
        )

    return run


def _metric() -> Any:
    from dspyui_core.metrics import create_exact_match_metric
    from dspyui_core.spec import parse_spec

    return create_exact_match_metric(parse_spec(SPEC).signature.outputs)


def table_in(folder: Path, rows: Sequence[Any]) -> Callable[[Any], Any]:
    """What writes a card into the table of a run, in a fresh MLflow database."""
    from dspyui_core.mlflow_tracking import experiment, log_evaluation_table, open_client, turn_run

    client = open_client(f"sqlite:///{folder / 'mlflow.db'}")
    run = turn_run(client, experiment(client, "evaluation", str(folder)), turn_id="turn")
    return lambda card: log_evaluation_table(client, run, "evaluation", {"c": card}, rows=rows)


def in_turn(ways: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of every way in every round; the first of one round is the last of the next."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            start = time.perf_counter()
            ways[name]()
            taken[name].append(time.perf_counter() - start)
    return taken


def comparisons(count: int) -> dict[str, Callable[[], Any]]:
    """Comparing two cards of so many rows: 0/1 scores, and graded ones."""
    from dspyui_core.comparison import compare

    chance = Random(0)
    return {
        f"compare, {kind}": partial(compare, *cards(count, draw), name="champion")
        for kind, draw in {
            "0/1 scores": lambda: float(chance.random() < 0.7),
            "graded scores": lambda: round(chance.betavariate(4, 2), 2),
        }.items()
    }


def cards(count: int, draw: Callable[[], float]) -> tuple[Any, Any]:
    """Two score cards of the same rows, in different orders."""
    from dspyui_core.records import ScoreCard, ScoreRow

    ids = [f"{n:032x}" for n in range(count)]
    found = []
    for name in ("champion", "candidate"):
        Random(name).shuffle(ids)
        rows = tuple(ScoreRow(row_id=row, score=draw()) for row in ids)
        found.append(
            ScoreCard(
                program_digest=name, dataset_version="d", split="holdout", metric="m", rows=rows
            )
        )
    return found[0], found[1]


def summed(taken: Mapping[str, Sequence[float]], rows: int) -> list[Row]:
    """A row for each kind of work."""
    return [Row(name, rows, len(s), median(s), max(s)) for name, s in taken.items()]


def bars(measured: Sequence[Row]) -> list[Bar]:
    """How many times the peer's time ours is, and the slowest comparison of each kind."""
    of = {row.work: row for row in measured}
    times = of[OURS].median_s / of[PEER].median_s
    compared = [row for row in measured if row.work.startswith("compare")]
    return [
        Bar("wall time, ours / dspy.Evaluate's (medians)", times, MOST_TIMES, most=True),
        *(
            Bar(f"seconds of the slowest: {row.work}", row.slowest_s, MOST_SECONDS, most=True)
            for row in compared
        ),
    ]


def main() -> None:
    """Measure, print a table or JSON."""
    given = options(__doc__ or "", "three rounds")
    quiet()
    rounds, rows = 3 if given.quick else 10, examples(ROWS)
    with tempfile.TemporaryDirectory() as folder:
        ways = {PEER: by_peer(rows), OURS: by_us(rows, table_in(Path(folder), rows))}
        # DSPy, which is imported by now, tells of every failure.
        logging.getLogger("dspy").setLevel(logging.CRITICAL)
        in_turn(ways, 1)
        measured = summed(in_turn(ways, rounds), ROWS)
    compared = comparisons(PAIRS)
    first, *_ = in_turn(compared, 1).values()
    measured += summed({FIRST: first, **in_turn(compared, rounds)}, PAIRS)
    report("evaluation", measured, bars(measured), as_json=given.json)


if __name__ == "__main__":
    main()
