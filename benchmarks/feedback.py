"""Feedback from 8 threads, each piece acknowledged once it is durable: the journal and MLflow.

    python benchmarks/feedback.py            # five rounds of each, in turn
    python benchmarks/feedback.py --quick    # one small round
    python benchmarks/feedback.py --json     # for programs

Both write to a fresh SQLite file in WAL mode in the same folder, and both get ratings on answers
that are there already. A tenth of the calls repeats an earlier one, as a client does that heard
no answer: the journal stores those once, MLflow stores what it gets.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from reporting import Bar, options, quiet, report, write_ahead

THREADS = 8
ANSWERS = 200
FASTER = 10.0
REPEATED = 10


@dataclass(frozen=True)
class Row:
    """One round of one writer: calls and calls a second, entries stored of those to be stored."""

    writer: str
    round: int
    calls: int
    per_second: float
    stored: int
    distinct: int


@dataclass(frozen=True)
class Given:
    """One call: which answer, by whom, under which key."""

    answer: int
    user: str
    key: str


def calls_of(thread: int, calls: int, run: int) -> list[Given]:
    """What one thread sends: every tenth call says the one before it again."""
    numbers = [n - 1 if n % REPEATED == REPEATED - 1 else n for n in range(calls)]
    names = [f"{run}-{thread}-{number}" for number in numbers]
    return [
        Given(n % ANSWERS, f"user-{name}", name) for n, name in zip(numbers, names, strict=True)
    ]


def from_threads(send: Callable[[Given], Any], work: list[list[Given]]) -> float:
    """Seconds from the first call to the last acknowledgement."""
    together = threading.Barrier(len(work) + 1)

    def run(calls: list[Given]) -> None:
        together.wait()
        for given in calls:
            send(given)

    threads = [threading.Thread(target=run, args=(calls,)) for calls in work]
    for thread in threads:
        thread.start()
    together.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


class Ours:
    """`record_feedback`, on the journal of a fresh home."""

    name = "dspyui record_feedback"

    def __init__(self, folder: Path) -> None:
        from dspyui_core.feedback import FeedbackService
        from dspyui_core.store.engine import open_engine
        from dspyui_core.store.journal import Journal, NewPrediction

        self._journal = Journal(open_engine(f"sqlite:///{folder / 'state.db'}"))
        self._service = FeedbackService(self._journal, output_fields=lambda entry: [])
        answer = {"inputs": {"text": "where is my card?"}, "outputs": {"intent": "card_arrival"}}
        self._journal.append([NewPrediction("p", f"tr-{n}", answer) for n in range(ANSWERS)])

    def send(self, given: Given) -> None:
        """One rating, durable when this returns."""
        trace = f"tr-{given.answer}"
        self._service.record_feedback(
            trace, "thumbs_up", user_id=given.user, idempotency_key=given.key
        )

    def stored(self) -> int:
        """How many pieces of feedback are there."""
        return self._journal.count(kind="feedback")


class Peer:
    """`mlflow.log_feedback`, on a fresh tracking database."""

    name = "mlflow.log_feedback"

    def __init__(self, folder: Path) -> None:
        import mlflow

        self._mlflow = mlflow
        mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        self._experiment = mlflow.set_experiment("feedback").experiment_id
        write_ahead(folder / "mlflow.db")
        self._traces = [self._trace() for _ in range(ANSWERS)]
        self._sent = 0

    def _trace(self) -> str:
        with self._mlflow.start_span("answer") as span:
            span.set_inputs({"text": "where is my card?"})
            span.set_outputs({"intent": "card_arrival"})
        return str(span.trace_id)

    def send(self, given: Given) -> None:
        """One rating, durable when this returns."""
        source = self._mlflow.entities.AssessmentSource("HUMAN", given.user)
        self._mlflow.log_feedback(
            trace_id=self._traces[given.answer],
            name="user_rating",
            value="thumbs_up",
            source=source,
        )

    def stored(self) -> int:
        """How many assessments are there."""
        found = self._mlflow.search_traces(
            locations=[self._experiment], return_type="list", max_results=ANSWERS
        )
        return sum(len(trace.info.assessments) for trace in found)


def measured(writer: Ours | Peer, calls: int, run: int) -> Row:
    """One round: what 8 threads send, until the last acknowledgement."""
    work = [calls_of(thread, calls, run) for thread in range(THREADS)]
    before = writer.stored()
    seconds = from_threads(writer.send, work)
    distinct = len({given.key for calls in work for given in calls})
    total = THREADS * calls
    return Row(writer.name, run, total, total / seconds, writer.stored() - before, distinct)


def bars(rows: list[Row]) -> list[Bar]:
    """How many times the peer's rate ours is, and whether what came twice is there once."""
    rate = {
        name: median(row.per_second for row in rows if row.writer == name)
        for name in (Ours.name, Peer.name)
    }
    ours = [row for row in rows if row.writer == Ours.name]
    once = sum(row.stored for row in ours) / sum(row.distinct for row in ours)
    return [
        Bar(
            "records a second, ours / MLflow's (medians)", rate[Ours.name] / rate[Peer.name], FASTER
        ),
        Bar("entries per distinct key", once, 1.0, most=True),
        Bar("entries per distinct key", once, 1.0),
    ]


def main() -> None:
    """Run both in turn, print a table or JSON."""
    given = options(__doc__ or "", "one small round")
    quiet()
    rounds, calls = (1, 50) if given.quick else (5, 500)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        peer, ours = Peer(Path(folder)), Ours(Path(folder))
        for run in range(rounds):
            rows += [measured(peer, max(calls // 10, 10), run), measured(ours, calls, run)]
    report("feedback", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
