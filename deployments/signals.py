"""Owns how a command that goes on and on hears that it shall end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def until_told(*more: signal.Signals) -> Iterator[Event]:
    """An event that Ctrl-C, SIGTERM and `more` set; whoever asks twice is obeyed at once."""
    stop = Event()
    before = {number: signal.getsignal(number) for number in (*ENDING, *more)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def told(number: int, frame: object) -> None:
        restore()
        stop.set()

    for number in before:
        signal.signal(number, told)
    try:
        yield stop
    finally:
        restore()
