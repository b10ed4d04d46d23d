"""Catching up with the journal in MLflow, against MLflow logging the same answers itself.

    python benchmarks/mirror.py            # fifteen rounds of each, in turn
    python benchmarks/mirror.py --quick    # one small round
    python benchmarks/mirror.py --json     # for programs

A program answers; each answer has a user and a version, every third one gets a rating. MLflow logs
it synchronously in two ways: with its own tracing of DSPy below a span that has user and version,
and with its tracing API and the very spans that the mirror writes. What answering itself takes is
subtracted. The mirror copies what the journal recorded of the same answers. All write to one fresh
SQLite file in WAL mode, in short rounds, so that they meet the same machine. The bar is for what
MLflow itself does with a DSPy program; the spans by hand, which nobody writes, show how much of
that is the number of spans.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from intents import QUESTION, SPEC, Served, program
from reporting import Bar, options, quiet, report, write_ahead

FASTER = 10.0
RATED = 3
TAGS = {"dspyui.version": "1"}
METADATA = {"mlflow.trace.user": "ana"}


@dataclass(frozen=True)
class Row:
    """One round of one writer; `stored` are the traces and assessments that are there then."""

    writer: str
    round: int
    traces: int
    per_second: float
    stored: int


class Autolog:
    """MLflow's own tracing of DSPy, below a span for user and version."""

    name = "mlflow autolog"

    def __init__(self, uri: str) -> None:
        import mlflow

        from dspyui_core.lms import EMBEDDED_LM, open_lm

        self._mlflow, self._program = mlflow, program()
        self._lm = open_lm(EMBEDDED_LM, cache_dir=None)
        mlflow.set_tracking_uri(uri)
        self.experiment = mlflow.set_experiment(self.name).experiment_id
        self._answer()
        self._plain = min(self._answer() for _ in range(20))

    def write(self, answers: int, run: int) -> float:
        """Seconds to log so many answers, without those to give them."""
        self._mlflow.set_experiment(self.name)
        self._mlflow.dspy.autolog()
        start = time.perf_counter()
        for number in range(answers):
            self._rate(self._logged(), number)
        taken = time.perf_counter() - start
        self._mlflow.dspy.autolog(disable=True)
        return taken - answers * self._plain

    def _logged(self) -> str:
        with self._mlflow.start_span("intents", span_type="CHAIN") as root:
            self._mlflow.update_current_trace(tags=TAGS, metadata=METADATA)
            root.set_inputs(QUESTION)
            self._answer()
            root.set_outputs({"intent": "card_arrival"})
        return str(root.trace_id)

    def _answer(self) -> float:
        from dspyui_core.lms import using_lm

        start = time.perf_counter()
        with using_lm(self._lm):
            self._program(**QUESTION)
        return time.perf_counter() - start

    def _rate(self, trace_id: str, number: int) -> None:
        if number % RATED == 0:
            source = self._mlflow.entities.AssessmentSource("HUMAN", f"user-{number}")
            self._mlflow.log_feedback(
                trace_id=trace_id, name="user_rating", value="thumbs_up", source=source
            )


class ByHand(Autolog):
    """MLflow's tracing API, with the spans that the mirror writes and no others."""

    name = "mlflow by hand"

    def __init__(self, uri: str) -> None:
        self._spans = recorded_spans()
        super().__init__(uri)

    def write(self, answers: int, run: int) -> float:
        """Seconds to log so many answers; none is given."""
        self._mlflow.set_experiment(self.name)
        start = time.perf_counter()
        for number in range(answers):
            self._rate(self._logged(), number)
        return time.perf_counter() - start

    def _answer(self) -> float:
        self._below(None)
        return 0.0

    def _below(self, parent: str | None) -> None:
        for known in self._spans:
            if known["parent"] == parent:
                with self._mlflow.start_span(known["name"], span_type=known["type"]) as span:
                    span.set_inputs(known["inputs"])
                    self._below(known["id"])
                    span.set_attributes(known["attributes"])
                    span.set_outputs(known["outputs"])


def recorded_spans() -> list[dict[str, Any]]:
    """What the journal has of an answer's calls, which MLflow's tracing sees, too."""
    from dspyui_core.lms import EMBEDDED_LM, open_lm
    from dspyui_core.runner import ask
    from dspyui_core.spec import parse_spec

    served, lm = Served(program(), parse_spec(SPEC), 1), open_lm(EMBEDDED_LM, cache_dir=None)
    answer, _ = ask(served, QUESTION, lm=lm, trace_id="tr-1")
    spans: list[dict[str, Any]] = json.loads(answer.spans)
    return spans


class Ours:
    """The mirror, from a journal."""

    name = "dspyui mirror"

    def __init__(self, uri: str, folder: Path) -> None:
        from dspyui_core.lms import EMBEDDED_LM, open_lm
        from dspyui_core.mlflow_tracking import experiment, open_client
        from dspyui_core.spec import parse_spec
        from dspyui_core.store.engine import open_engine
        from dspyui_core.store.journal import Journal
        from dspyui_core.store.watermarks import Watermarks

        engine = open_engine(f"sqlite:///{folder / 'state.db'}")
        self._journal, self._watermarks = Journal(engine), Watermarks(engine)
        self._served = Served(program(), parse_spec(SPEC), 1)
        self._lm = open_lm(EMBEDDED_LM, cache_dir=None)
        self._client = open_client(uri)
        self.experiment = experiment(self._client, self.name)

    def write(self, answers: int, run: int) -> float:
        """Seconds to catch up with so many answers, which are in the journal by then."""
        from dspyui_core.mirror import mirror_once

        for number in range(answers):
            self._answer(f"{run}-{number}", rated=number % RATED == 0)
        start = time.perf_counter()
        mirror_once(
            self._journal,
            self._watermarks,
            self._client,
            program="intents",
            experiment_id=self.experiment,
        )
        return time.perf_counter() - start

    def _answer(self, key: str, *, rated: bool) -> None:
        from dspyui_core.runner import generate_program_response

        answer = generate_program_response(
            self._served, QUESTION, lm=self._lm, journal=self._journal, user_id="ana"
        )
        if rated:
            self._journal.append_feedback(
                answer.trace_id,
                {"rating": "thumbs_up"},
                user_id=f"user-{key}",
                authenticated=False,
                idem_key=key,
            )


def stored(uri: str, experiment: str) -> int:
    """How many traces and assessments an experiment has."""
    from mlflow.tracing.client import TracingClient

    store, token, found = TracingClient(uri).store, None, 0
    while True:
        infos, token = store.search_traces(
            locations=[experiment], max_results=500, page_token=token
        )
        found += len(infos) + sum(len(info.assessments) for info in infos)
        if not token:
            return found


def measured(writer: Autolog | Ours, uri: str, answers: int, run: int) -> Row:
    """One round of one writer."""
    before = stored(uri, writer.experiment)
    seconds = writer.write(answers, run)
    added = stored(uri, writer.experiment) - before
    return Row(writer.name, run, answers, answers / seconds, added)


def bars(rows: list[Row]) -> list[Bar]:
    """How many times each peer's rate ours is, and whether everything is there once."""
    rates: dict[int, dict[str, float]] = defaultdict(dict)
    for row in rows:
        rates[row.round][row.writer] = row.per_second
    wanted = sum(row.traces + -(-row.traces // RATED) for row in rows if row.writer == Ours.name)
    once = sum(row.stored for row in rows if row.writer == Ours.name) / wanted
    times = median(rate[Ours.name] / rate[Autolog.name] for rate in rates.values())
    return [
        Bar("traces a second, ours / MLflow's tracing of DSPy", times, FASTER),
        Bar("traces and ratings stored per one sent", once, 1.0, most=True),
        Bar("traces and ratings stored per one sent", once, 1.0),
    ]


def main() -> None:
    """Run all in turn, print a table or JSON."""
    given = options(__doc__ or "", "one small round")
    quiet()
    rounds, answers = (1, 60) if given.quick else (15, 300)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        uri = f"sqlite:///{Path(folder) / 'mlflow.db'}"
        ours, peers = Ours(uri, Path(folder)), (Autolog(uri), ByHand(uri))
        write_ahead(Path(folder) / "mlflow.db")
        # What is imported and compiled once is not what is measured.
        for writer in (*peers, ours):
            writer.write(3, 0)
        for run in range(1, rounds + 1):
            rows += [measured(peer, uri, max(answers // 15, 10), run) for peer in peers]
            rows.append(measured(ours, uri, answers, run))
    report("mirror", rows, bars(rows), as_json=given.json)


if __name__ == "__main__":
    main()
