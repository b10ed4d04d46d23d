"""Owns the garbage collection of a server: away from the thread that answers.

Prefect keeps its record in SQLite through connections that each have a thread. A collection that
finds a cursor of such a connection waits until that thread is done, and the thread may be waiting,
for up to a minute, for a write that only the event loop can end. On a thread of its own nobody
waits for the collection.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Sequence

EVERY_SECONDS = 0.25


def collect_aside(*, every: float = EVERY_SECONDS) -> None:
    """From now on only a background thread collects this process's cyclic garbage.

    It looks each `every` seconds, and collects the generations that Python itself would; what is
    there already, modules above all, is never looked at again.
    """
    gc.disable()
    gc.freeze()
    threading.Thread(target=_collect, args=(every,), daemon=True, name="garbage").start()


def _collect(every: float) -> None:
    while True:
        time.sleep(every)
        generation = due(gc.get_count(), gc.get_threshold())
        if generation is not None:
            gc.collect(generation)


def due(counts: Sequence[int], thresholds: Sequence[int]) -> int | None:
    """The oldest generation whose count is over its threshold, or None."""
    over = [
        generation
        for generation, (count, threshold) in enumerate(zip(counts, thresholds, strict=True))
        if 0 < threshold < count
    ]
    return max(over, default=None)
