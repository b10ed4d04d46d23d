"""Patience: waiting for something no longer than so long, while it may still come to its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from dspyui_core.errors import StoreError

T = TypeVar("T")
_THREADS = 16


class Patience:
    """Runs functions in threads of its own and waits for each at most `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._owner = 0
        self._pool: ThreadPoolExecutor | None = None

    def wait_for(self, function: Callable[[], T]) -> T:
        """Its result. Raises what it raises, and StoreError where it takes too long."""
        future = self._threads().submit(function)
        try:
            return future.result(self._seconds)
        except TimeoutError:
            if future.done():
                raise
            # What has not begun will not; what hangs may still end, and is then recorded.
            future.cancel()
            raise StoreError(
                f"the journal did not answer within {self._seconds:g} seconds",
                hint="look for a process that holds its write lock",
            ) from None

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            # A forked child has none of its parent's threads, but a pool that believes it has.
            if self._pool is None or self._owner != os.getpid():
                self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="dspyui-recording")
                self._owner = os.getpid()
            return self._pool
