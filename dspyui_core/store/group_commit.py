"""Group commit: what several threads want written at the same time shares one transaction."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Wish = TypeVar("Wish")
Result = TypeVar("Result")

# One transaction takes at most this many wishes, so that nobody waits for an endless one.
MOST_TOGETHER = 500
# Who was in the last group often has the next wish at once: part of what a commit takes is worth
# waiting for them (PostgreSQL's commit_delay, with its commit_siblings at 1).
GATHERING_SECONDS = 0.0003
GATHERING_STEPS = 3


class Ticket(Generic[Wish, Result]):
    """One caller's wish, and what became of it: a result or an error, once it is `done`."""

    __slots__ = ("_asleep", "done", "error", "leads", "result", "wish")

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.done = False
        self.leads = False
        self.result: Result | None = None
        self.error: Exception | None = None
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def grant(self, result: Result) -> None:
        """It is written."""
        self.result = result

    def refuse(self, error: Exception) -> None:
        """It is not written; the caller gets this error, the others of the group do not."""
        self.error = error

    def wait(self) -> None:
        """Sleep until somebody wakes this ticket: it is done, or its caller is to lead."""
        self._asleep.acquire()

    def wake(self) -> None:
        """Wake the caller, who may be awake already."""
        if self._asleep.locked():
            self._asleep.release()


class GroupCommit(Generic[Wish, Result]):
    """Whoever comes while a transaction runs waits for it, and goes into the next one together.

    There is no thread of its own and nothing is acknowledged early, so there is nothing to flush
    at the end of a process: a caller who finds nobody at work commits for all who wait.
    `commit` grants or refuses each ticket, and has written for good when it returns. Where its
    caller is interrupted, the next one is given the same tickets again: it must not write twice.
    """

    def __init__(self, commit: Callable[[Sequence[Ticket[Wish, Result]]], None]) -> None:
        self._commit = commit
        self.forget()
        _groups().add(self)

    def forget(self) -> None:
        """Nobody waits and nobody leads: in a forked child the threads that did are not there."""
        self._guard = threading.Lock()
        # In line until they are done, so that no interruption loses one.
        self._line: list[Ticket[Wish, Result]] = []
        self._busy = False
        self._last_size = 1

    def submit(self, wish: Wish) -> Result:
        """Write a wish, alone or with others; returns when it is written for good.

        Raises what its ticket was refused with, or what the whole transaction failed with.
        """
        ticket: Ticket[Wish, Result] = Ticket(wish)
        try:
            self._see_through(ticket)
        except BaseException:
            # An interrupted caller takes nothing with it: neither the lead nor its neighbours.
            self._leave(ticket)
            raise
        if ticket.error is not None:
            raise ticket.error
        assert ticket.result is not None
        return ticket.result

    def _see_through(self, ticket: Ticket[Wish, Result]) -> None:
        with self._guard:
            self._line.append(ticket)
            ticket.leads, self._busy = not self._busy, True
        while not ticket.done:
            if ticket.leads:
                self._lead(ticket)
            else:
                ticket.wait()

    def _lead(self, leader: Ticket[Wish, Result]) -> None:
        """Commit one group, wake its callers, and pass the lead on to who came meanwhile."""
        self._await_the_last_group()
        group = self._gathered()
        try:
            self._commit(group)
        except Exception as error:  # noqa: BLE001 - the edge that gives the failure to each caller
            for ticket in group:
                ticket.refuse(error)
        for ticket in group:
            ticket.done = True
        self._pass_on(leader)

    def _await_the_last_group(self) -> None:
        for _ in range(GATHERING_STEPS):
            if len(self._line) >= self._last_size:
                return
            time.sleep(GATHERING_SECONDS / GATHERING_STEPS)

    def _gathered(self) -> list[Ticket[Wish, Result]]:
        with self._guard:
            group = list(islice(self._line, MOST_TOGETHER))
            self._last_size = len(group)
        for ticket in group:
            ticket.error = None
        return group

    def _pass_on(self, leader: Ticket[Wish, Result]) -> None:
        """Wake who is done and who leads next; a repeat after an interruption does no harm."""
        with self._guard:
            for ticket in self._line:
                if ticket.done:
                    ticket.wake()
            self._line = [ticket for ticket in self._line if not ticket.done]
            self._busy = bool(self._line)
            if self._busy:
                self._line[0].leads = True
                self._line[0].wake()
            leader.leads = False

    def _leave(self, ticket: Ticket[Wish, Result]) -> None:
        with self._guard:
            self._line = [other for other in self._line if other is not ticket]
        if ticket.leads:
            self._pass_on(ticket)


@cache
def _groups() -> WeakSet[GroupCommit[Any, Any]]:
    groups: WeakSet[GroupCommit[Any, Any]] = WeakSet()

    def forget() -> None:
        for group in list(groups):
            group.forget()

    os.register_at_fork(after_in_child=forget)
    return groups
