"""Turns of one program in homes that share a PostgreSQL database: one at a time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import BusyError
from dspyui_core.store.engine import open_engine
from dspyui_core.store.shared_lock import shared_mirror_lock, shared_turn_lock
from support.processes import wait_until

HOLDS = """
import sys, time
from dspyui_core.store.engine import open_engine
from dspyui_core.store.shared_lock import shared_turn_lock
with shared_turn_lock(open_engine(sys.argv[1]), "bank"):
    print("held", flush=True)
    time.sleep(60)
"""


def is_free(engine: Engine, program: str = "bank") -> bool:
    try:
        with shared_turn_lock(engine, program):
            return True
    except BusyError:
        return False


def test_who_is_second_is_told_at_once_by_whom(engine: Engine, address: str) -> None:
    other = open_engine(address)
    with shared_turn_lock(engine, "bank"), pytest.raises(BusyError) as caught:
        shared_turn_lock(other, "bank").__enter__()
    other.dispose()

    assert f"dspyui {socket.gethostname()} process {os.getpid()}" in str(caught.value)
    assert is_free(engine)


def test_turns_of_two_programs_do_not_wait_for_each_other(engine: Engine) -> None:
    with shared_turn_lock(engine, "bank"):
        assert is_free(engine, "shop")
        assert not is_free(engine, "bank")


def test_an_error_in_the_turn_gives_the_lock_back(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), shared_turn_lock(engine, "bank"):
        raise ZeroDivisionError

    assert is_free(engine)


def test_the_lock_goes_with_its_process_however_that_ends(engine: Engine, address: str) -> None:
    command = [sys.executable, "-c", HOLDS, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        was_free = is_free(engine)
        os.kill(holder.pid, signal.SIGKILL)

    assert not was_free
    assert wait_until(lambda: is_free(engine), 30)


def test_who_copies_to_mlflow_second_waits_until_the_first_is_done(
    engine: Engine, address: str
) -> None:
    other, order = open_engine(address), []

    def second() -> None:
        with shared_mirror_lock(other):
            order.append("second")

    with shared_mirror_lock(engine):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.5)
        order.append("first")
    thread.join(10)
    other.dispose()

    assert order == ["first", "second"]
