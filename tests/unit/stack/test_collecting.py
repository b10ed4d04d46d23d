"""Owns the proof that collecting garbage never makes a server wait for its own database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deployments._collecting import due

# A cursor that only a collection can free, of a connection that waits for a write lock.
SCRIPT = """
import sqlite3, sys, threading, time
from deployments._collecting import collect_aside

def connect():
    return sqlite3.connect(sys.argv[1], timeout=2, check_same_thread=False, isolation_level=None)

writer, waiter = connect(), connect()
writer.execute("pragma journal_mode = wal")
if sys.argv[2] == "aside":
    collect_aside(every=0.01)
cursor = waiter.execute("select 1 union all select 2")
cycle = [cursor]
cycle.append(cycle)
writer.execute("begin immediate")
told = threading.Event()

def wait():
    try:
        waiter.execute("begin immediate")
    except sqlite3.OperationalError:
        told.set()

thread = threading.Thread(target=wait)
thread.start()
time.sleep(0.3)
del cursor, cycle
for _ in range(1_000):
    kept = [[] for _ in range(1_000)]
print("waited" if told.is_set() else "went on")
writer.execute("rollback")
thread.join()
"""


@pytest.mark.parametrize(("way", "said"), [("aside", "went on"), ("python's", "waited")])
def test_who_answers_never_waits_for_a_collection(tmp_path: Path, way: str, said: str) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "a.db"), way]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == said


def test_a_generation_is_due_when_its_count_is_over_its_threshold() -> None:
    thresholds = (700, 10, 10)

    assert due((700, 10, 10), thresholds) is None
    assert due((701, 0, 0), thresholds) == 0
    assert due((9, 11, 3), thresholds) == 1
    assert due((701, 11, 11), thresholds) == 2
    assert due((701, 11, 11), (700, 10, 0)) == 1
