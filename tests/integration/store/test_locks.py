from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from dspyui_core.errors import BusyError, StoreError
from dspyui_core.store.locks import exclusive, turn_lock

# Holds the lock, leaves one started and one forked child behind, and waits to be killed.
HOLDER = """
import os, pathlib, subprocess, sys, time
from dspyui_core.store.locks import turn_lock
with turn_lock(pathlib.Path(sys.argv[1]), "bank"):
    started = subprocess.Popen(["sleep", "30"], stdout=subprocess.DEVNULL, close_fds=False)
    print(started.pid, flush=True)
    if os.fork() == 0:
        print(os.getpid(), flush=True)
    time.sleep(30)
"""
Start = Callable[..., "subprocess.Popen[str]"]


def test_the_lock_is_free_again_after_its_block_even_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), turn_lock(tmp_path, "bank"):
        raise ZeroDivisionError
    with turn_lock(tmp_path, "bank"):
        assert (tmp_path / "bank.turn.lock").read_text() == str(os.getpid())


def test_the_same_process_does_not_get_the_lock_twice(tmp_path: Path) -> None:
    with turn_lock(tmp_path, "bank"):
        with pytest.raises(BusyError, match=f"'bank'.*process {os.getpid()}") as caught:
            turn_lock(tmp_path, "bank").__enter__()
        assert caught.value.retryable
        with pytest.raises(BusyError):
            turn_lock(tmp_path, "bank").__enter__()


def test_programs_lock_apart(tmp_path: Path) -> None:
    with turn_lock(tmp_path, "bank"), turn_lock(tmp_path, "shop"):
        pass


def test_the_lock_dies_with_its_process_and_no_child_keeps_it(tmp_path: Path, start: Start) -> None:
    holder = start(HOLDER, tmp_path)
    children = [int(holder.stdout.readline()) for _ in range(2)]
    try:
        with pytest.raises(BusyError, match=f"process {holder.pid}"):
            turn_lock(tmp_path, "bank").__enter__()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        for child in children:
            os.kill(child, 0)
        with turn_lock(tmp_path, "bank"):
            pass
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)


def test_a_forked_child_that_ends_does_not_take_the_parents_lock_along(tmp_path: Path) -> None:
    with turn_lock(tmp_path, "bank"):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        with pytest.raises(BusyError):
            turn_lock(tmp_path, "bank").__enter__()


def test_a_waiting_lock_gets_its_turn(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with exclusive(tmp_path / "x.lock"):
            order.append("second")

    with exclusive(tmp_path / "x.lock"):
        thread = Thread(target=second)
        thread.start()
        time.sleep(0.05)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


@pytest.mark.usefixtures("ordinary_user")
def test_a_read_only_home_cannot_be_locked(read_only_home: Path) -> None:
    with pytest.raises(StoreError, match=str(read_only_home)), turn_lock(read_only_home, "bank"):
        pass
