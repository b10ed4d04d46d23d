"""A process is known by its number and its start, and a stack's by what they began with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from deployments.stack.processes import (
    MARK,
    Process,
    end,
    identified,
    kill_marked,
    mark_of,
    marked,
)

# Two runs of the tests on one machine do not find each other.
MINE = f"unit{os.getpid()}"
SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True);"
    "time.sleep(60)",
]


@contextmanager
def sleeping(mark: str = "", *, command: list[str] = SLEEP) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, with a mark."""
    env = {**os.environ, **({MARK: mark} if mark else {})}
    with subprocess.Popen(
        command, env=env, start_new_session=True, stdout=subprocess.PIPE
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def test_this_process_is_alive() -> None:
    assert identified(os.getpid()).alive


def test_a_later_process_of_the_same_number_is_another_one() -> None:
    assert not Process(pid=os.getpid(), started="another boot:1").alive


def test_a_process_that_ended_and_nobody_waited_for_is_not_alive() -> None:
    with sleeping() as child:
        found = identified(child.pid)
        assert found.alive
        os.kill(child.pid, 9)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

        assert not found.alive


def test_a_stacks_processes_are_found_by_what_they_began_with() -> None:
    with (
        sleeping(mark_of(f"{MINE}-a", "worker")) as ours,
        sleeping(mark_of(f"{MINE}-ab", "worker")),
    ):
        assert marked(f"{MINE}-a") == [ours.pid]
        assert marked(mark_of(f"{MINE}-a", "worker")) == [ours.pid]
        assert marked(mark_of(f"{MINE}-a", "work")) == []


def test_what_is_left_of_a_stack_is_killed_whatever_its_session() -> None:
    with sleeping(mark_of(f"{MINE}-b", "worker")) as left, sleeping() as stranger:
        assert kill_marked(f"{MINE}-b") == [left.pid]

        assert left.wait(5) == -9
        assert stranger.poll() is None


def test_who_does_not_end_when_asked_is_killed() -> None:
    with sleeping(command=DEAF) as deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()

        end([identified(deaf.pid)], seconds=0.2)

        assert deaf.wait(5) == -9
