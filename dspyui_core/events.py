"""Events: what happened to a program, told to whoever launches something on it.

Telling is a courtesy and never a duty: what is told is on disk before, no caller waits for it or
fails by it, and who hears nothing finds the same in the journal later. The core knows no server;
the one that is told is handed over where a process begins.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Protocol
from weakref import WeakSet

from dspyui_core.records import Record

FEEDBACK_RECORDED: Final = "dspyui.feedback.recorded"
MODEL_PROMOTED: Final = "dspyui.model.promoted"
MODEL_ROLLED_BACK: Final = "dspyui.model.rolled-back"
TURN_FINISHED: Final = "dspyui.turn.finished"
QUEUED = 10_000
BATCH = 100
# By the kind of a decision of the ledger: those by which another version serves.
_SERVING: Final = {
    "turn": MODEL_PROMOTED,
    "promotion": MODEL_PROMOTED,
    "rollback": MODEL_ROLLED_BACK,
}


class Happened(Record):
    """One event: its name, the program that it is about, and plain data."""

    event: str
    program: str
    payload: Mapping[str, Any]


class Launcher(Protocol):
    """Who is told what happened. Neither call ever delays or fails the caller."""

    def emit(self, event: str, program: str, payload: Mapping[str, Any]) -> None:
        """Tell it; what cannot be told is dropped."""

    def flush(self, timeout: float) -> bool:
        """Wait at most `timeout` s until all is told; whether it is."""


class Silent:
    """Tells nobody: the launcher of a process that was given none."""

    def emit(self, event: str, program: str, payload: Mapping[str, Any]) -> None:
        """Tell nobody."""

    def flush(self, timeout: float) -> bool:
        """There is nothing to wait for."""
        return True


class Queued:
    """Tells in the background, in order and in batches of at most `BATCH`, by one daemon thread.

    `send` gets a batch; where it raises, the batch is lost and counted, and so is what comes while
    `limit` events wait already.
    """

    def __init__(self, send: Callable[[Sequence[Happened]], None], *, limit: int = QUEUED) -> None:
        self._send = send
        self._limit = limit
        self.sent = 0
        self.lost = 0
        self.forget()
        _queues().add(self)

    def forget(self) -> None:
        """Nothing waits: in a forked child it is the parent that tells what waited."""
        self._changed = threading.Condition()
        self._waiting: deque[Happened] = deque()
        self._sending = 0
        self._thread: threading.Thread | None = None

    def emit(self, event: str, program: str, payload: Mapping[str, Any]) -> None:
        """Put it into the queue, or count it as lost where that is full."""
        with self._changed:
            if len(self._waiting) >= self._limit or not self._awake():
                self.lost += 1
                return
            self._waiting.append(Happened(event=event, program=program, payload=payload))
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait at most `timeout` s until the queue is empty; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._waiting or self._sending), timeout)

    def _awake(self) -> bool:
        """Whether the thread runs; a process that tells nothing has none."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="events", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:
                # No thread can be started any more: the process is ending, or has too many.
                self._thread = None
        return self._thread is not None

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._sending = len(batch)
            told = self._told(batch)
            with self._changed:
                self._sending = 0
                self.sent += len(batch) if told else 0
                self.lost += 0 if told else len(batch)
                self._changed.notify_all()

    def _told(self, batch: Sequence[Happened]) -> bool:
        try:
            self._send(batch)
        except Exception:  # noqa: BLE001 - the edge that counts what could not be told
            return False
        return True


def serving_event(kind: str) -> str:
    """The event of a decision of this kind after which another version serves; empty for none."""
    return _SERVING.get(kind, "")


@cache
def _queues() -> WeakSet[Queued]:
    queues: WeakSet[Queued] = WeakSet()

    def forget() -> None:
        for queue in list(queues):
            queue.forget()

    os.register_at_fork(after_in_child=forget)
    return queues
