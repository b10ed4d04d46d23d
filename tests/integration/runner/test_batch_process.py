"""A batch job as a process: killed at any moment it loses and doubles nothing, and stays small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from csv import DictReader
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal
from support import batch_process
from support.batch_process import CHUNK
from support.processes import wait_until

ROOT = Path(batch_process.__file__).parents[2]
ROWS = 400


def asked(folder: Path, rows: int, *, width: int = 0) -> Path:
    """A folder whose job has so many rows, each padded by `width` characters."""
    folder.mkdir()
    lines = (f"message {number},{'x' * width}\n" for number in range(rows))
    (folder / "in.csv").write_text("text,note\n" + "".join(lines))
    return folder


@contextmanager
def process(folder: Path, *, seconds: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    """The job, running; it is killed where it has not ended by itself."""
    command = [sys.executable, batch_process.__file__, str(folder), str(seconds)]
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    env = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def finished(folder: Path) -> Any:
    """What the job prints at its end."""
    with process(folder) as started:
        printed, _ = started.communicate(timeout=120)
    return json.loads(printed)


def calls(folder: Path) -> Counter[str]:
    """How often the program was asked each row."""
    path = folder / "calls.txt"
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


def kept(folder: Path) -> set[str]:
    """The rows in chunks that are finished."""
    numbers = [
        json.loads(line)["row"]
        for path in folder.glob("batches/*/chunk-*.jsonl")
        for line in path.read_text().splitlines()
    ]
    return {f"message {number - 1}" for number in numbers}


def kill_after(folder: Path, count: int) -> set[str]:
    """Kill the job when the program was asked so often; the rows that it had finished."""
    with process(folder, seconds=0.002) as started:
        wait_until(lambda: calls(folder).total() >= count, 60, interval=0.005)
        started.kill()
    return kept(folder)


def test_a_killed_job_answers_every_row_once_and_asks_again_for_one_chunk_at_most(
    tmp_path: Path,
) -> None:
    folder = asked(tmp_path / "job", ROWS)
    done = [kill_after(folder, CHUNK + 15), kill_after(folder, 6 * CHUNK + 5)]
    before = calls(folder)

    report = finished(folder)["report"]

    assert 0 < len(done[0]) < len(done[1]) < ROWS
    assert report["total_rows"] == report["success_count"] == ROWS
    with (folder / "out.csv").open(newline="") as stream:
        written = list(DictReader(stream))
    assert [row["text"] for row in written] == [f"message {number}" for number in range(ROWS)]
    journal = Journal(open_engine(f"sqlite:///{folder / 'state.db'}"))
    entries = {entry.trace_id: entry for entry in journal.since(0)}
    assert journal.count() == len({row["trace_id"] for row in written}) == ROWS
    assert all(
        entries[row["trace_id"]].payload["inputs"] == {"text": row["text"]} for row in written
    )
    again = calls(folder)
    assert {again[text] for text in done[0]} == {1}
    assert {again[text] - before[text] for text in done[1]} == {0}
    assert again.total() <= ROWS + len(done) * CHUNK


@pytest.mark.skipif(not Path("/proc").exists(), reason="peak memory is read from /proc")
def test_the_peak_memory_of_a_job_does_not_grow_with_its_file(tmp_path: Path) -> None:
    small = asked(tmp_path / "small", 500, width=4000)
    large = asked(tmp_path / "large", 6000, width=4000)

    peaks = [finished(folder)["peak"] for folder in (small, large)]

    size = (large / "in.csv").stat().st_size // 1024
    assert peaks[1] - peaks[0] < 8_000 < size / 2
