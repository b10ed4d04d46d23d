"""Events are told in the background: nobody waits, nobody fails, and what is lost is counted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence

import pytest

from dspyui_core import events
from dspyui_core.events import BATCH, Happened, Queued, Silent


class Receiver:
    """Keeps what it is sent; it may be held up, or fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.batches: list[Sequence[Happened]] = []
        self.free = threading.Event()
        self.free.set()
        self.fails = fails

    def __call__(self, batch: Sequence[Happened]) -> None:
        self.free.wait(5)
        self.batches.append(batch)
        if self.fails:
            raise OSError("no server")

    @property
    def positions(self) -> list[int]:
        return [happened.payload["position"] for batch in self.batches for happened in batch]


def emit(queue: Queued, count: int) -> None:
    for position in range(count):
        queue.emit("dspyui.feedback.recorded", "support", {"position": position})


def test_what_is_told_arrives_in_order_and_in_batches() -> None:
    receiver = Receiver()
    queue = Queued(receiver)

    emit(queue, 250)

    assert queue.flush(5)
    assert receiver.positions == list(range(250))
    assert max(len(batch) for batch in receiver.batches) <= BATCH
    assert (queue.sent, queue.lost) == (250, 0)


def test_a_caller_does_not_wait_for_a_receiver_that_hangs() -> None:
    receiver = Receiver()
    receiver.free.clear()
    queue = Queued(receiver)

    emit(queue, 3)

    assert not queue.flush(0.05)
    receiver.free.set()
    assert queue.flush(5)


def test_what_does_not_fit_is_counted_and_not_kept() -> None:
    receiver = Receiver()
    receiver.free.clear()
    queue = Queued(receiver, limit=5)

    emit(queue, 5 + BATCH + 20)
    receiver.free.set()

    assert queue.flush(5)
    assert queue.lost >= 20
    assert queue.sent + queue.lost == 5 + BATCH + 20
    assert len(receiver.positions) == queue.sent


def test_a_receiver_that_fails_costs_its_batch_and_nobody_is_told_so() -> None:
    receiver = Receiver(fails=True)
    queue = Queued(receiver)

    emit(queue, 4)

    assert queue.flush(5)
    assert (queue.sent, queue.lost) == (0, 4)
    receiver.fails = False
    emit(queue, 1)
    assert queue.flush(5)
    assert queue.sent == 1


def test_a_process_that_can_start_no_thread_only_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    queue = Queued(Receiver())

    emit(queue, 2)

    assert queue.lost == 2
    assert queue.flush(0)


def test_a_forked_child_tells_what_happens_in_it_and_not_what_waited_before() -> None:
    receiver = Receiver()
    receiver.free.clear()
    queue = Queued(receiver)
    emit(queue, 3)

    pid = os.fork()
    if pid == 0:
        # A child that waits for a thread of its parent waits for ever.
        signal.alarm(20)
        receiver.free = threading.Event()
        receiver.free.set()
        emit(queue, 1)
        told = queue.flush(5) and receiver.positions == [0]
        os._exit(0 if told else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    receiver.free.set()
    assert queue.flush(5)
    assert receiver.positions == [0, 1, 2]


def test_nobody_is_told_by_default() -> None:
    silent = Silent()

    silent.emit("dspyui.turn.finished", "support", {})

    assert silent.flush(0)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("turn", events.MODEL_PROMOTED),
        ("promotion", events.MODEL_PROMOTED),
        ("rollback", events.MODEL_ROLLED_BACK),
        ("external", ""),
        ("pin", ""),
    ],
)
def test_a_decision_by_which_another_version_serves_is_told(kind: str, event: str) -> None:
    assert events.serving_event(kind) == event
