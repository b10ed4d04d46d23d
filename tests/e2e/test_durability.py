"""Durability: fifty times kill -9, and everything that was acknowledged is there, once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.mirror import CONSUMER, mirror_once
from dspyui_core.mlflow_tracking import experiment, open_client
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.watermarks import Watermarks
from support.forked import exit_code, forked
from support.processes import wait_until
from support.writers import PROGRAM, Note, Notes, mirror, write

SEED = 20_261
WRITERS = 8
KILLS = 50
# Every tenth victim is the mirror.
OF_THE_MIRROR = 10
PAUSE = 0.2


@dataclass
class Fleet:
    """The writers and the mirror of one home; a killed one is replaced by a fresh one."""

    folder: Path
    url: str
    tracking_uri: str
    experiment_id: str
    running: dict[str, int] = field(default_factory=dict)
    started: Counter[str] = field(default_factory=Counter)

    def start(self, place: str) -> None:
        self.started[place] += 1
        name = f"{place}-{self.started[place]}"
        if place == "mirror":
            target = (self.url, self.tracking_uri, self.experiment_id)
            self.running[place] = forked(lambda: mirror(*target))
        else:
            notes = self.folder / f"{name}.notes"
            self.running[place] = forked(lambda: write(self.url, name, notes, PAUSE))

    def kill(self, place: str) -> None:
        child = self.running.pop(place)
        os.kill(child, signal.SIGKILL)
        assert exit_code(child) == -signal.SIGKILL

    def close(self) -> None:
        for place in list(self.running):
            self.kill(place)

    def notes(self) -> list[Note]:
        return [note for path in self.folder.glob("*.notes") for note in Notes(path).read()]


@dataclass(frozen=True)
class Aftermath:
    """What is there when all is over."""

    fleet: Fleet
    entries: list[Entry]
    tailed: list[int]
    traces: dict[str, list[tuple[str, Any, str]]]
    spans: dict[str, int]


@contextmanager
def _tailing(url: str) -> Iterator[list[int]]:
    """A reader that goes on from the last position it saw, all the time."""
    engine = open_engine(url)
    journal, stop = Journal(engine), threading.Event()
    seen: list[int] = []

    def tail() -> None:
        while not stop.is_set():
            seen.extend(entry.position for entry in journal.since(seen[-1] if seen else 0))
            stop.wait(0.02)

    thread = threading.Thread(target=tail)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
        seen.extend(entry.position for entry in journal.since(seen[-1] if seen else 0))
        engine.dispose()


def _kill_at_random_moments(fleet: Fleet, marks: Callable[[], int]) -> None:
    chance = random.Random(SEED)
    places = [f"writer{n}" for n in range(WRITERS)]
    for place in [*places, "mirror"]:
        fleet.start(place)
    mirrored = 0
    for number in range(KILLS):
        time.sleep(chance.uniform(0.02, 0.25))
        victim = "mirror" if number % OF_THE_MIRROR == 5 else chance.choice(places)
        if victim == "mirror":
            # It is killed at work, not while it starts.
            mirrored = wait_until(lambda before=mirrored: marks() > before and marks(), 60)
            time.sleep(chance.uniform(0, 0.2))
        fleet.kill(victim)
        fleet.start(victim)


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> Aftermath:
    folder = tmp_path_factory.mktemp("durability")
    url = f"sqlite:///{folder / 'state.db'}"
    tracking_uri = f"sqlite:///{shutil.copy(mlflow_template, folder / 'mlflow.db')}"
    client = open_client(tracking_uri)
    place = experiment(client, PROGRAM, (folder / "artifacts").as_uri())
    fleet = Fleet(folder, url, tracking_uri, place)
    engine = open_engine(url)
    journal, watermarks = Journal(engine), Watermarks(engine)
    with _tailing(url) as tailed, closing(fleet):
        _kill_at_random_moments(fleet, lambda: watermarks.get(PROGRAM, CONSUMER))
    mirror_once(journal, watermarks, client, program=PROGRAM, experiment_id=place)
    entries = list(journal.since(0, spans=True))
    engine.dispose()
    return Aftermath(fleet, entries, tailed, _traces(client, place), _spans(folder / "mlflow.db"))


def _traces(client: Any, experiment_id: str) -> dict[str, list[tuple[str, Any, str]]]:
    found: dict[str, list[tuple[str, Any, str]]] = {}
    token = None
    while True:
        page = client.search_traces(
            locations=[experiment_id], max_results=500, page_token=token, include_spans=False
        )
        for trace in page:
            assert trace.info.trace_id not in found
            found[trace.info.trace_id] = sorted(
                (a.name, _plain(a.value), a.source.source_id) for a in trace.info.assessments
            )
        token = page.token
        if not token:
            return found


def _plain(value: Any) -> str:
    return str(sorted(value.items())) if isinstance(value, dict) else str(value)


def _spans(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        query = "select trace_id, count(*) from spans group by trace_id"
        return dict(connection.execute(query).fetchall())


def test_every_acknowledged_entry_is_at_its_position_with_its_content(
    aftermath: Aftermath,
) -> None:
    stored = {entry.position: Note.of(entry) for entry in aftermath.entries}
    told = aftermath.fleet.notes()
    print(f"seed {SEED}: {len(told)} acknowledged, {len(stored)} stored")
    assert len(told) > 500
    assert [note for note in told if stored.get(note.position) != note] == []


def test_no_entry_is_there_twice(aftermath: Aftermath) -> None:
    answers = Counter(e.trace_id for e in aftermath.entries if e.kind == "prediction")
    told = Counter((note.position, note.kind) for note in aftermath.fleet.notes())
    assert answers.most_common(1)[0][1] == 1
    assert told.most_common(1)[0][1] == 1


def test_a_batch_is_there_as_a_whole_or_not_at_all(aftermath: Aftermath) -> None:
    parts: dict[str, list[str]] = defaultdict(list)
    for entry in aftermath.entries:
        if entry.trace_id[-1] in "xy":
            parts[entry.trace_id[:-1]].append(entry.trace_id[-1])
    batches = [e for e in aftermath.entries if e.kind == "feedback" and e.user_id == "batch"]
    assert len(batches) == len(parts) > 5
    assert {tuple(sorted(found)) for found in parts.values()} == {("x", "y")}


def test_a_reader_that_follows_misses_no_position(aftermath: Aftermath) -> None:
    assert aftermath.tailed == [entry.position for entry in aftermath.entries]


def test_every_answer_is_in_mlflow_once_with_its_spans(aftermath: Aftermath) -> None:
    answers = {e.trace_id: e for e in aftermath.entries if e.kind == "prediction"}
    ours = {trace: e for trace, e in answers.items() if trace[-1] not in "xy"}
    assert len(aftermath.traces) == len(answers)
    assert ours.keys() <= aftermath.traces.keys()
    expected = {trace: 1 + len(entry.spans or ()) for trace, entry in ours.items()}
    assert {trace: aftermath.spans[trace] for trace in ours} == expected


def test_the_latest_feedback_of_each_user_is_in_mlflow_once(aftermath: Aftermath) -> None:
    latest = {(e.trace_id, e.voter): e for e in aftermath.entries if e.kind == "feedback"}
    expected: dict[str, list[tuple[str, Any, str]]] = defaultdict(list)
    for (trace, (user, _)), entry in latest.items():
        said = entry.payload
        expected[trace].append(("user_rating", said["rating"], user))
        if said["corrected_output"]:
            expected[trace].append(("corrected_output", _plain(said["corrected_output"]), user))
        if said["comment"]:
            expected[trace].append(("comment", said["comment"], user))
    found = {trace: said for trace, said in aftermath.traces.items() if said}
    assert found == {trace: sorted(said) for trace, said in expected.items()}
