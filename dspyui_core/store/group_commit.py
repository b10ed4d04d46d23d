"""Group commit: what several threads want written at the same time shares one transaction."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

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
        """Wake the caller."""
        self._asleep.release()


class GroupCommit(Generic[Wish, Result]):
    """Whoever comes while a transaction runs waits for it, and goes into the next one together.

    There is no thread of its own and nothing is acknowledged early, so there is nothing to flush
    at the end of a process: a caller who finds nobody at work commits for all who wait.
    `commit` grants or refuses each ticket, and has written for good when it returns.
    """

    def __init__(self, commit: Callable[[Sequence[Ticket[Wish, Result]]], None]) -> None:
        self._commit = commit
        self._guard = threading.Lock()
        self._waiting: deque[Ticket[Wish, Result]] = deque()
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
            self._waiting.append(ticket)
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
        except BaseException:
            with self._guard:
                self._waiting.extendleft(reversed(group))
            raise
        for ticket in group:
            ticket.done = True
            if ticket is not leader:
                ticket.wake()
        self._pass_on(leader)

    def _await_the_last_group(self) -> None:
        for _ in range(GATHERING_STEPS):
            if len(self._waiting) >= self._last_size:
                return
            time.sleep(GATHERING_SECONDS / GATHERING_STEPS)

    def _gathered(self) -> list[Ticket[Wish, Result]]:
        with self._guard:
            size = self._last_size = min(len(self._waiting), MOST_TOGETHER)
            return [self._waiting.popleft() for _ in range(size)]

    def _pass_on(self, leader: Ticket[Wish, Result]) -> None:
        with self._guard:
            leader.leads = False
            self._busy = bool(self._waiting)
            if self._busy:
                self._waiting[0].leads = True
                self._waiting[0].wake()

    def _leave(self, ticket: Ticket[Wish, Result]) -> None:
        with self._guard, suppress(ValueError):
            self._waiting.remove(ticket)
        if ticket.leads:
            self._pass_on(ticket)
