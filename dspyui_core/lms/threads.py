"""Asking about many things in several threads that share who asks, and who counts it."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_threads(function: Callable[[T], R], items: Sequence[T], *, threads: int) -> Iterator[R]:
    """What a function makes of each item, in order; raises what the first to fail raised."""
    with ThreadPoolExecutor(max_workers=threads) as pool:
        # DSPy's settings and our meters live in context variables, which a pool's threads do not
        # inherit.
        futures = [pool.submit(contextvars.copy_context().run, function, item) for item in items]
        for future in futures:
            yield future.result()
