from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from dspyui_core.store import group_commit
from dspyui_core.store.group_commit import GroupCommit, Ticket
from support.processes import wait_until

Line = Sequence[Ticket[str, str]]


class Disk:
    """What the commits write to: each group in order, held up while its gate is closed."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self.group = GroupCommit(self._commit)

    def _commit(self, tickets: Line) -> None:
        assert self.gate.wait(10)
        self.before()
        self.groups.append([ticket.wish for ticket in tickets])
        for ticket in tickets:
            if ticket.wish.startswith("bad"):
                ticket.refuse(ValueError(ticket.wish))
            else:
                ticket.grant(ticket.wish.upper())
        self.after()

    @contextmanager
    def queue(self, wishes: Sequence[str]) -> Iterator[list[Future[str]]]:
        """Callers in line, one after the other, behind one whose commit is held up."""
        with ThreadPoolExecutor(len(wishes)) as pool:
            self.gate.clear()
            calls = []
            for number, wish in enumerate(wishes, 1):
                calls.append(pool.submit(self.group.submit, wish))
                wait_until(lambda there=number: len(self.group._line) == there, 10, interval=0.001)
            yield calls
            self.gate.set()


@pytest.fixture
def disk() -> Disk:
    return Disk()


def _outcomes(calls: Sequence[Future[str]]) -> list[str]:
    errors = [call.exception(10) for call in calls]
    return [repr(e) if e else call.result() for e, call in zip(errors, calls, strict=True)]


def _fail_once(error: BaseException) -> Callable[[], None]:
    left = [error]

    def fail() -> None:
        if left:
            raise left.pop()

    return fail


def test_a_lonely_wish_is_written_alone(disk: Disk) -> None:
    assert disk.group.submit("a") == "A"
    assert disk.groups == [["a"]]


def test_who_comes_while_a_transaction_runs_shares_the_next_one_in_the_order_they_came(
    disk: Disk,
) -> None:
    with disk.queue("abcde") as calls:
        disk.gate.set()
        assert _outcomes(calls) == list("ABCDE")
    assert disk.groups == [["a"], ["b", "c", "d", "e"]]


def test_a_refused_wish_hurts_nobody_in_its_transaction(disk: Disk) -> None:
    with disk.queue(["a", "b", "bad", "c"]) as calls:
        disk.gate.set()
        assert _outcomes(calls) == ["A", "B", "ValueError('bad')", "C"]


def test_a_failed_transaction_fails_all_of_its_group_and_nobody_after_it(disk: Disk) -> None:
    disk.before = _fail_once(OSError("disk full"))
    with disk.queue("abc") as calls:
        disk.gate.set()
        assert _outcomes(calls) == ["OSError('disk full')", "B", "C"]
    assert disk.group.submit("d") == "D"


def test_one_transaction_takes_a_limited_number_of_wishes_and_the_first_come_first(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MOST_TOGETHER", 3)
    with disk.queue("abcdefgh") as calls:
        disk.gate.set()
        assert _outcomes(calls) == list("ABCDEFGH")
    assert disk.groups == [["a"], ["b", "c", "d"], ["e", "f", "g"], ["h"]]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_leader_who_is_interrupted_in_its_transaction_loses_nobody_else_s_wish(
    disk: Disk, moment: str
) -> None:
    with disk.queue("abc") as calls:
        interrupt = _fail_once(KeyboardInterrupt())
        held = threading.Event()

        def second_commit() -> None:
            if not held.is_set():
                held.set()
            else:
                interrupt()

        setattr(disk, moment, second_commit)
        disk.gate.set()
        assert _outcomes(calls) == ["A", "KeyboardInterrupt()", "C"]
    assert disk.groups[-1] == ["c"]
    assert disk.group.submit("d") == "D"


def test_a_leader_who_is_interrupted_while_it_gathers_passes_the_lead_on(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt = _fail_once(KeyboardInterrupt())
    monkeypatch.setattr(group_commit, "time", SimpleNamespace(sleep=lambda _: interrupt()))
    with disk.queue("abcd") as calls:
        # Only who leads after a larger group waits for its callers to come back.
        disk.group._last_size = 5
        disk.gate.set()
        assert _outcomes(calls) == ["A", "KeyboardInterrupt()", "C", "D"]
    assert disk.groups == [["a"], ["c", "d"]]


def test_who_is_interrupted_in_line_leaves_it_and_writes_nothing(disk: Disk) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with disk.queue("a") as calls:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                disk.group.submit("b")
            disk.gate.set()
            assert _outcomes(calls) == ["A"]
    finally:
        signal.signal(signal.SIGALRM, before)
    assert disk.group.submit("c") == "C"
    assert disk.groups == [["a"], ["c"]]


def test_many_threads_get_each_their_own_answer(disk: Disk) -> None:
    disk.after = lambda: time.sleep(0.001)

    def work(thread: int) -> list[str]:
        return [disk.group.submit(f"{thread}-{n}") for n in range(20)]

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(work, range(64)))
    assert answers == [[f"{thread}-{n}" for n in range(20)] for thread in range(64)]
    written = [wish for group in disk.groups for wish in group]
    assert len(written) == len(set(written)) == 64 * 20
    assert len(disk.groups) < len(written) / 4


def test_a_child_forked_in_the_middle_of_a_commit_waits_for_nobody(disk: Disk) -> None:
    with disk.queue("ab") as calls:
        child = os.fork()
        if child == 0:
            disk.gate.set()
            os._exit(0 if disk.group.submit("c") == "C" and disk.groups == [["c"]] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        disk.gate.set()
        assert _outcomes(calls) == ["A", "B"]
    assert disk.groups == [["a"], ["b"]]
