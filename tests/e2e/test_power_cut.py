"""Ends that nobody announced: SIGTERM, and copies of the files as a power cut would leave them.

The copies are taken while every writer is stopped (SIGSTOP): then both files are of one moment,
which two reads one after the other would not be.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal
from support.forked import exit_code, forked
from support.processes import wait_until
from support.writers import Note, Notes, write

SEED = 20_262
WRITERS = 4
# SQLite's own size of a page, of a frame's header and of the log's: sqlite.org/fileformat2.html
PAGE, FRAME, HEADER = 4096, 24, 32
# Until then no page has gone from the log into the database: the log alone is what was written.
FIRST_CHECKPOINT = HEADER + 1000 * (PAGE + FRAME)

TERMINATED = """
import signal, sys, threading
from pathlib import Path
from support.writers import Notes, _write
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal
if sys.argv[3] == "exits":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
journal, notes = Journal(open_engine(sys.argv[1])), Notes(Path(sys.argv[2]))
for number in range(4):
    threading.Thread(target=_write, args=(journal, f"w{number}", notes, 0.0), daemon=True).start()
_write(journal, "main", notes, 0.0)
"""


@dataclass(frozen=True)
class Copy:
    """The files of one moment, what had been acknowledged before it, and the log's number."""

    database: Path
    told: list[Note]
    log_number: int

    @property
    def log(self) -> Path:
        return self.database.with_name("state.db-wal")

    def again(self, folder: Path) -> Copy:
        """The same files once more, to be damaged."""
        folder.mkdir()
        shutil.copy(self.log, folder)
        return Copy(Path(shutil.copy(self.database, folder)), self.told, self.log_number)

    def notes(self) -> list[Note]:
        """What it holds, once it was opened as every process opens it."""
        engine = open_engine(f"sqlite:///{self.database}")
        found = [Note.of(entry) for entry in Journal(engine).since(0, spans=True)]
        engine.dispose()
        return found

    def problems(self) -> list[str]:
        """What SQLite's own check says, beyond that all is well."""
        with closing(sqlite3.connect(self.database)) as connection:
            said = connection.execute("PRAGMA integrity_check").fetchall()
            twice = "select idem_key from journal group by idem_key having count(*) > 1"
            return [row[0] for row in said if row[0] != "ok"] + connection.execute(twice).fetchall()


@dataclass(frozen=True)
class Writing:
    """Processes at work in a home."""

    folder: Path
    children: list[int]

    @property
    def database(self) -> Path:
        return self.folder / "home" / "state.db"

    @property
    def log(self) -> Path:
        return self.folder / "home" / "state.db-wal"

    def told(self) -> list[Note]:
        return [note for path in self.folder.glob("*.notes") for note in Notes(path).read()]

    def stopped_copy(self, name: str) -> Copy:
        """Both files of one moment; nobody else keeps the shared memory beside them."""
        for child in self.children:
            os.kill(child, signal.SIGSTOP)
        for child in self.children:
            os.waitpid(child, os.WUNTRACED)
        told, folder = self.told(), self.folder / name
        folder.mkdir()
        for path in (self.database, self.log):
            shutil.copy(path, folder)
        for child in self.children:
            os.kill(child, signal.SIGCONT)
        return Copy(folder / "state.db", told, _log_number(folder / "state.db-wal"))

    def go_on(self) -> None:
        """Wait until every writer was told of more: what was under way is over then.

        Who is killed in the middle of a commit was told nothing, and others write over it.
        """
        before = {path: path.stat().st_size for path in self.folder.glob("*.notes")}
        wait_until(lambda: all(path.stat().st_size > size for path, size in before.items()), 60)


@contextmanager
def _writing(folder: Path) -> Iterator[Writing]:
    url = f"sqlite:///{folder / 'home' / 'state.db'}"
    # With its tables in the database itself, and an empty log.
    open_engine(url).dispose()
    children = [
        forked(lambda n=n: write(url, f"w{n}", folder / f"{n}.notes", 0.02)) for n in range(WRITERS)
    ]
    try:
        yield Writing(folder, children)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            exit_code(child)


def _log_number(log: Path) -> int:
    """How often the log, all of it in the database by then, was written from its start again."""
    with log.open("rb") as stream:
        return int.from_bytes(stream.read(16)[12:])


def _is_start_of(found: list[Note], history: list[Note]) -> bool:
    return found == history[: len(found)]


def _missing(told: list[Note], found: list[Note]) -> list[Note]:
    there = {note.position: note for note in found}
    return [note for note in told if there.get(note.position) != note]


def test_a_copy_of_any_moment_opens_with_all_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with _writing(tmp_path) as writing:
        copies = []
        for number in range(15):
            if number == 10:
                wait_until(lambda: _log_number(writing.log) > 1, 60)
            time.sleep(chance.uniform(0.02, 0.2))
            copies.append(writing.stopped_copy(f"copy{number}"))
        writing.go_on()
    history = Copy(writing.database, writing.told(), 0).notes()
    for copy in copies:
        found = copy.notes()
        assert copy.problems() == []
        assert _is_start_of(found, history)
        assert _missing(copy.told, found) == []
    assert len(copies[0].told) < len(copies[-1].told)
    # Pages had gone into the database, and what was acknowledged was in both files.
    assert copies[0].log_number < copies[-1].log_number


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy whose log holds everything that was ever written."""
    folder = tmp_path_factory.mktemp("early")
    with _writing(folder) as writing:
        wait_until(lambda: writing.log.stat().st_size > FIRST_CHECKPOINT / 3, 30, interval=0.005)
        copy = writing.stopped_copy("copy")
        writing.go_on()
    assert copy.log.stat().st_size < FIRST_CHECKPOINT
    return copy


def test_a_log_cut_off_anywhere_loses_entries_from_its_end_only(
    early: Copy, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    history = early.again(tmp_path / "whole").notes()
    sizes = sorted(chance.randrange(early.log.stat().st_size) for _ in range(25))
    counts = []
    for number, size in enumerate(sizes):
        copy = early.again(tmp_path / f"cut{number}")
        os.truncate(copy.log, size)
        found = copy.notes()
        assert copy.problems() == []
        assert _is_start_of(found, history)
        counts.append(len(found))
    assert counts == sorted(counts)
    assert len(set(counts)) > 10
    assert _missing(early.told, history) == []


def _end_of_log(early: Copy, notes: int, folder: Path) -> int:
    """How long the log must be for all notes: behind that, a file that is used again is stale."""
    low, high = 0, early.log.stat().st_size
    while low < high:
        middle = (low + high) // 2
        copy = early.again(folder / f"end{middle}")
        os.truncate(copy.log, middle)
        low, high = (middle + 1, high) if len(copy.notes()) < notes else (low, middle)
    assert low > 0
    return low


@pytest.mark.parametrize("where", ["at its end", "somewhere"])
def test_pages_torn_in_the_log_take_with_them_only_what_came_after(
    early: Copy, tmp_path: Path, where: str
) -> None:
    chance = random.Random(SEED)
    history = early.again(tmp_path / "whole").notes()
    end = _end_of_log(early, len(history), tmp_path)
    counts = []
    for number in range(8):
        copy = early.again(tmp_path / f"torn{number}")
        content = bytearray(copy.log.read_bytes())
        torn = chance.randrange(1, 3 * PAGE)
        start = max(0, end - torn) if where == "at its end" else chance.randrange(len(content))
        content[start : start + torn] = chance.randbytes(len(content[start : start + torn]))
        copy.log.write_bytes(content)
        found = copy.notes()
        assert copy.problems() == []
        assert _is_start_of(found, history)
        counts.append(len(found))
    assert min(counts) < len(history)
    assert max(counts) > 0


def test_what_was_cut_off_can_be_written_again(early: Copy, tmp_path: Path) -> None:
    history = early.again(tmp_path / "whole").notes()
    copy = early.again(tmp_path / "cut")
    os.truncate(copy.log, early.log.stat().st_size // 2)
    kept = len(copy.notes())
    engine = open_engine(f"sqlite:///{copy.database}")
    journal = Journal(engine)
    lost = [note for note in history[kept:] if note.kind == "prediction"]
    for note in lost:
        journal.append_prediction("desk", note.trace, note.payload)
    assert journal.count() == kept + len(lost)
    engine.dispose()
    assert copy.problems() == []


@pytest.mark.parametrize(("handler", "code"), [("default", -signal.SIGTERM), ("exits", 7)])
def test_sigterm_loses_nothing_that_was_accepted(tmp_path: Path, handler: str, code: int) -> None:
    url, notes = f"sqlite:///{tmp_path / 'state.db'}", Notes(tmp_path / "notes")
    command = [sys.executable, "-c", TERMINATED, url, str(notes.path), handler]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment) as process:
        wait_until(lambda: len(notes.read()) > 100, 30)
        process.terminate()
        assert process.wait(20) == code
    engine = open_engine(url)
    found = [Note.of(entry) for entry in Journal(engine).since(0)]
    engine.dispose()
    assert _missing(notes.read(), found) == []
    assert all(json.dumps(note.payload) for note in found)
