"""Positions on PostgreSQL are in the order of the commits, which a sequence alone is not."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, insert

from dspyui_core.store import postgres as postgres_module
from dspyui_core.store import tables
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal
from support.forked import exit_code, forked
from support.processes import is_alive

PROCESSES = 8
THREADS = 3
EACH = 15


class Tail:
    """A consumer that goes on from the last position it saw."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.seen = journal, [0]

    def read(self) -> list[int]:
        """What is new."""
        new = [entry.position for entry in self.journal.since(self.seen[-1])]
        self.seen += new
        return new


@pytest.fixture
def tail(engine: Engine) -> Tail:
    return Tail(Journal(engine))


def _insert(connection: Connection, trace: str) -> None:
    row = {"kind": "prediction", "program": "p", "trace_id": trace, "authenticated": False}
    row |= {"idem_key": f"prediction:{trace}", "payload": {}, "at": datetime.now(UTC)}
    connection.execute(insert(tables.journal).values(row))


def _write(address: str, name: str) -> None:
    engine = open_engine(address)
    journal = Journal(engine)

    def write(thread: int) -> None:
        for number in range(EACH):
            journal.append_prediction("p", f"{name}-{thread}-{number}", {})

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))


@contextmanager
def _writers(address: str) -> Iterator[list[int]]:
    children = [forked(lambda name=name: _write(address, name)) for name in "abcdefgh"[:PROCESSES]]
    yield children
    assert [exit_code(child) for child in children] == [0] * PROCESSES


def test_a_tailing_reader_never_misses_a_position_of_many_processes(
    address: str, tail: Tail
) -> None:
    with _writers(address) as children:
        while any(is_alive(child) for child in children):
            tail.read()
    tail.read()
    assert len(tail.seen) == 1 + PROCESSES * THREADS * EACH
    assert tail.seen[1:] == [entry.position for entry in tail.journal.since(0)]


def test_a_sequence_alone_would_let_a_reader_miss_the_slower_writer(
    engine: Engine, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "take_write_lock", lambda connection: None)
    with engine.begin() as slower:
        _insert(slower, "first")
        with engine.begin() as faster:
            _insert(faster, "second")
        assert tail.read() == [2]
    assert tail.read() == []
    assert [entry.trace_id for entry in tail.journal.since(0)] == ["first", "second"]


def test_with_the_lock_the_faster_writer_waits_and_the_reader_sees_both(
    engine: Engine, tail: Tail
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as slower:
            _insert(slower, "first")
            faster = pool.submit(Journal(engine).append_prediction, "p", "second", {})
            assert not wait([faster], timeout=0.2).done
            assert tail.read() == []
        assert faster.result(10).position == 2
    assert tail.read() == [1, 2]


def test_a_writer_killed_in_its_transaction_leaves_nothing_and_blocks_nobody(
    address: str, tail: Tail, tmp_path: Path
) -> None:
    def hold() -> None:
        with open_engine(address).begin() as connection:
            _insert(connection, "lost")
            (tmp_path / "inside").touch()
            time.sleep(60)

    child = forked(hold)
    while not (tmp_path / "inside").exists():
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    assert exit_code(child) == -signal.SIGKILL
    assert tail.journal.append_prediction("p", "next", {}).trace_id == "next"
    assert [entry.trace_id for entry in tail.journal.since(0)] == ["next"]


def test_killed_writers_lose_no_acknowledged_entry(
    address: str, tail: Tail, tmp_path: Path
) -> None:
    told = tmp_path / "told"

    def write(name: str) -> None:
        journal = Journal(open_engine(address))
        with told.open("ab", buffering=0) as acknowledged:
            for number in range(10_000):
                entry = journal.append_prediction("p", f"{name}-{number}", {"n": number})
                acknowledged.write(f"{entry.position} {entry.trace_id}\n".encode())

    moments = random.Random(7)
    children = [forked(lambda name=name: write(name)) for name in "abcd"]
    for child in children:
        time.sleep(moments.uniform(0.1, 0.3))
        os.kill(child, signal.SIGKILL)
        assert exit_code(child) == -signal.SIGKILL
    stored = {entry.position: entry.trace_id for entry in tail.journal.since(0)}
    lines = [line.split() for line in told.read_text().splitlines()]
    assert len(lines) > 20
    assert [stored[int(position)] for position, _ in lines] == [trace for _, trace in lines]
    for name in "abcd":
        numbers = [int(t.split("-")[1]) for t in stored.values() if t.startswith(name)]
        assert numbers == list(range(len(numbers)))
