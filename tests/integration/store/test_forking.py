from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from dspyui_core.store import forking
from dspyui_core.store.engine import open_engine, reading
from dspyui_core.store.journal import Journal
from support.forked import exit_code, forked
from support.processes import wait_until


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """A journal that this process has used already, as a server has that forks its workers."""
    opened = Journal(engine)
    opened.append_prediction("p", "before", {})
    return opened


def _write(journal: Journal, name: str, count: int) -> None:
    for number in range(count):
        journal.append_prediction("p", f"{name}-{number}", {})


def _traces(database: Path) -> set[str]:
    engine = open_engine(f"sqlite:///{database}")
    found = {entry.trace_id for entry in Journal(engine).since(0)}
    engine.dispose()
    return found


def _open_files(database: Path) -> list[str]:
    """This process's open files of a database and of its log."""
    links = [str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    return [link for link in links if link.startswith(str(database))]


@contextmanager
def _writing(journal: Journal) -> Iterator[list[str]]:
    """A thread that appends all the time; what it was told is there."""
    told: list[str] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            told.append(journal.append_prediction("p", f"thread-{len(told)}", {}).trace_id)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


def test_parent_and_child_write_on_and_the_parent_s_end_takes_nothing_from_the_child(
    journal: Journal, engine: Engine, database: Path, tmp_path: Path
) -> None:
    half, go_on = tmp_path / "half", tmp_path / "go-on"

    def work() -> None:
        _write(journal, "child-a", 5)
        half.touch()
        wait_until(go_on.exists, 20, interval=0.01)
        _write(journal, "child-b", 5)

    child = forked(work)
    _write(journal, "parent", 5)
    wait_until(half.exists, 20, interval=0.01)
    # The last one to close a database deletes its write-ahead log.
    engine.dispose()
    go_on.touch()
    assert exit_code(child) == 0
    written = {f"{name}-{n}" for name in ("parent", "child-a", "child-b") for n in range(5)}
    assert _traces(database) == {"before"} | written


def test_children_forked_while_a_thread_writes_write_too(journal: Journal, database: Path) -> None:
    with _writing(journal) as told:
        children = []
        for name in "abcde":
            children.append(forked(lambda name=name: _write(journal, name, 3)))
            before = len(told)
            wait_until(lambda before=before: len(told) > before, 20, interval=0.001)
        assert [exit_code(child) for child in children] == [0] * 5
    written = {f"{name}-{n}" for name in "abcde" for n in range(3)}
    assert _traces(database) == {"before"} | written | set(told)


def test_a_connection_on_its_way_back_is_not_taken_along(engine: Engine, database: Path) -> None:
    coming = threading.Event()

    @event.listens_for(engine, "checkin")
    def comes_back(_connection: object, _entry: object) -> None:
        coming.set()
        time.sleep(0.1)

    def read() -> None:
        with reading(engine) as connection:
            connection.exec_driver_sql("SELECT 1")

    thread = threading.Thread(target=read)
    thread.start()
    assert coming.wait(10)
    child = forked(lambda: os._exit(len(_open_files(database))))
    thread.join()
    assert exit_code(child) == 0


def test_who_waited_for_one_fork_leaves_nothing_for_the_next_one_to_take_along(
    journal: Journal, database: Path
) -> None:
    gc.disable()
    try:
        with _writing(journal) as told:
            found = []
            for _ in range(20):
                child = forked(lambda: os._exit(len(_open_files(database))))
                found.append(exit_code(child))
                before = len(told)
                wait_until(lambda before=before: len(told) > before, 20, interval=0.0001)
    finally:
        gc.enable()
    assert found == [0] * 20


def test_a_fork_waits_for_the_end_of_another_thread_s_transaction(
    journal: Journal, engine: Engine
) -> None:
    inside, ended = threading.Event(), []

    def transact() -> None:
        with engine.begin():
            inside.set()
            time.sleep(0.1)
            # Who has one connection may take a second: the fork waits for both.
            with reading(engine):
                ended.append(True)

    thread = threading.Thread(target=transact)
    thread.start()
    inside.wait()
    child = forked(lambda: os._exit(0 if ended else 1))
    thread.join()
    assert exit_code(child) == 0


def test_a_fork_does_not_wait_for_ever(
    journal: Journal, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forking, "WAIT_SECONDS", 0.05)
    inside, end = threading.Event(), threading.Event()

    def read() -> None:
        with reading(engine):
            inside.set()
            end.wait(20)

    thread = threading.Thread(target=read)
    thread.start()
    inside.wait()
    child = forked(lambda: os._exit(0))
    end.set()
    thread.join()
    assert exit_code(child) == 0
    assert journal.append_prediction("p", "after", {}).position == 2


def test_who_forks_inside_its_own_transaction_keeps_it(journal: Journal, engine: Engine) -> None:
    with engine.begin() as connection:
        assert exit_code(forked(lambda: os._exit(0))) == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM journal").scalar() == 1
