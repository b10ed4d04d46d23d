"""What recording an answer adds to giving it: the embedded LM, one thread, durable each time.

    python benchmarks/recording.py            # 1,000 answers of each kind, in turn
    python benchmarks/recording.py --quick    # 200
    python benchmarks/recording.py --json     # for programs

A program answers the same question in three ways, in random order: as it is; journaled (a server
of one's own); and as `predict` serves it. What differs is what recording costs: inputs, outputs,
spans with timings, tokens and price, and a commit that is on disk before the caller has the answer.
The peer is the same program under MLflow's own tracing, its database in WAL mode, too; it comes
last and alone, for an answer beside it finds caches and disk as it left them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from intents import QUESTION, SPEC, Served, program
from reporting import Bar, options, quiet, report, write_ahead

MOST_MS = 1.0
MLFLOW = "mlflow span"


@dataclass(frozen=True)
class Row:
    """One way of answering: its milliseconds per answer, and how many more than as it is."""

    kind: str
    answers: int
    median_ms: float
    p95_ms: float
    added_ms: float


def timed(ways: dict[str, Callable[[], Any]], answers: int) -> dict[str, list[float]]:
    """Milliseconds of every answer of every way, so that all meet the same machine.

    They come in a random order, for each finds the caches as the one before left them.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways) * answers
    Random(0).shuffle(order)
    for name in order:
        start = time.perf_counter()
        ways[name]()
        taken[name].append((time.perf_counter() - start) * 1000)
    return taken


def ways(folder: Path) -> dict[str, Callable[[], Any]]:
    """The plain program, the same journaled, and the same under MLflow's tracing."""
    import mlflow

    from dspyui_core.lms import EMBEDDED_LM, open_lm, using_lm
    from dspyui_core.runner import Journaled, Recorder, generate_program_response
    from dspyui_core.spec import parse_spec
    from dspyui_core.store.engine import open_engine
    from dspyui_core.store.journal import Journal

    journal = Journal(open_engine(f"sqlite:///{folder / 'state.db'}"))
    recorder = Recorder(lambda: journal)
    plain, lm = program(), open_lm(EMBEDDED_LM, cache_dir=None)
    journaled = Journaled(plain, "intents", recorder=recorder)
    served = Served(plain, parse_spec(SPEC), 1)
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("recording")
    write_ahead(folder / "mlflow.db")

    def under_mlflow() -> Any:
        with mlflow.start_span("intents") as span, using_lm(lm):
            span.set_inputs(QUESTION)
            answer = plain(**QUESTION)
            span.set_outputs(answer.toDict())
        return answer

    def scoped(answer: Callable[..., Any]) -> Callable[[], Any]:
        def call() -> Any:
            with using_lm(lm):
                return answer(**QUESTION)

        return call

    return {
        "as it is": scoped(plain),
        "journaled": scoped(journaled),
        "predict": lambda: generate_program_response(served, QUESTION, lm=lm, journal=journal),
        MLFLOW: under_mlflow,
    }


def rows(taken: dict[str, list[float]]) -> list[Row]:
    """What each way took, beside the plain one."""
    plain = median(taken["as it is"])
    return [
        Row(name, len(ms), median(ms), sorted(ms)[int(len(ms) * 0.95)], median(ms) - plain)
        for name, ms in taken.items()
    ]


def bars(measured: list[Row]) -> list[Bar]:
    """What recording may add at the median."""
    added = {row.kind: row.added_ms for row in measured}
    return [
        Bar(f"milliseconds that recording adds at the median ({kind})", added[kind], MOST_MS, True)
        for kind in ("journaled", "predict")
    ]


def main() -> None:
    """Measure, print a table or JSON."""
    given = options(__doc__ or "", "200 answers of each kind")
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        found = ways(Path(folder))
        peer = {MLFLOW: found.pop(MLFLOW)}
        answers = 200 if given.quick else 1000
        for group in (found, peer):
            timed(group, 20)
        measured = rows(timed(found, answers) | timed(peer, answers))
    report("recording", measured, bars(measured), as_json=given.json)


if __name__ == "__main__":
    main()
