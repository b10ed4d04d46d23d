"""Owns the processes of the durability tests: they write to a journal and note what they were told.

A note is a line of JSON, written when an append has returned: whoever reads it knows that the
caller went on in the belief that the entry is on disk.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Entry, Journal, NewFeedback, NewPrediction

PROGRAM = "desk"
THREADS = 3
# Small batches: more of what a kill may interrupt.
MIRRORED_TOGETHER = 40
RATINGS = ("thumbs_up", "thumbs_down")
SPAN = {"name": "LM", "type": "CHAT_MODEL", "id": "a" * 16, "parent": None, "start_ns": 1}
SPAN |= {"end_ns": 2, "status": "OK", "inputs": {}, "outputs": {}, "attributes": {"model": "m"}}


@dataclass(frozen=True)
class Note:
    """What a caller was told: at this position is this entry."""

    position: int
    kind: str
    trace: str
    payload: dict[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> Note:
        """What an entry would be noted as."""
        return cls(entry.position, entry.kind, entry.trace_id, entry.payload)


class Notes:
    """A file of notes that a killed process leaves whole lines in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, entries: Iterable[Entry]) -> None:
        """Note entries in one call, so that lines of several threads do not mix."""
        lines = "".join(json.dumps(vars(Note.of(entry))) + "\n" for entry in entries)
        with self.path.open("ab", buffering=0) as stream:
            stream.write(lines.encode())

    def read(self) -> list[Note]:
        """All notes that were written to their end."""
        text = self.path.read_text() if self.path.exists() else ""
        whole = text[: text.rfind("\n") + 1].splitlines()
        return [Note(**json.loads(line)) for line in whole]


def write(url: str, name: str, notes: Path, pause: float) -> None:
    """Append without end from several threads, each with pauses of up to `pause` seconds."""
    journal = Journal(open_engine(url))
    with ThreadPoolExecutor(THREADS) as pool:
        threads = [
            pool.submit(_write, journal, f"{name}.{thread}", Notes(notes), pause)
            for thread in range(THREADS)
        ]
        for thread in threads:
            thread.result()


def _write(journal: Journal, name: str, notes: Notes, pause: float) -> None:
    """One thread's life; what its numbers are does not depend on the others."""
    chance = random.Random(name)
    for number in itertools.count():
        trace = f"tr-{random.Random(f'{name} {number}').randbytes(16).hex()}"
        notes.write(journal.append(_answers(trace, name, chance)))
        for said in _feedback(trace, name, chance):
            first = journal.append([said])
            notes.write(first)
            if chance.random() < 0.1:
                assert journal.append([said]) == first
        time.sleep(chance.random() * pause)


def _answers(trace: str, name: str, chance: random.Random) -> list[NewPrediction | NewFeedback]:
    """One answer, or a batch of three with feedback on the first that goes in as a whole."""
    spans = [SPAN] if chance.random() < 0.2 else None
    traces = [trace]
    if chance.random() < 0.1:
        traces = [trace, *(f"{trace[:-1]}{'x' if n else 'y'}" for n in range(2))]
    made: list[NewPrediction | NewFeedback] = [
        NewPrediction(PROGRAM, each, _payload(each), user_id=name, version=1, spans=spans)
        for each in traces
    ]
    if len(traces) > 1:
        said = {"rating": "thumbs_up", "corrected_output": None, "comment": f"batch of {trace}"}
        made.append(NewFeedback(trace, said, f"{trace} batch", user_id="batch"))
    return made


def _payload(trace: str) -> dict[str, Any]:
    return {
        "inputs": {"text": f"what about {trace}? " * 4},
        "outputs": {"topic": trace[-1]},
        "latency_ms": 1.5,
        "started_at": "2026-01-01T00:00:00+00:00",
        "lm": {"name": "embedded/in-context", "calls": 1, "usd": 0.0},
    }


def _feedback(trace: str, name: str, chance: random.Random) -> Iterator[NewFeedback]:
    """Nothing, a word, or a word and another one that takes its place."""
    for number in range(chance.choice((0, 1, 1, 2))):
        rating = chance.choice(RATINGS)
        fixed = {"topic": f"{number}"} if rating == "thumbs_down" else None
        said = {"rating": rating, "corrected_output": fixed, "comment": None}
        yield NewFeedback(trace, said, f"{trace} {number}", user_id=name, authenticated=True)


def mirror(url: str, tracking_uri: str, experiment_id: str) -> None:
    """Copy to MLflow without end."""
    from dspyui_core.mirror import mirror_once
    from dspyui_core.mlflow_tracking import open_client
    from dspyui_core.store.watermarks import Watermarks

    engine = open_engine(url)
    client = open_client(tracking_uri)
    while True:
        mirror_once(
            Journal(engine),
            Watermarks(engine),
            client,
            program=PROGRAM,
            experiment_id=experiment_id,
            batch=MIRRORED_TOGETHER,
        )
        time.sleep(0.01)
