"""Progress of a long command: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deployments.cli import output

Tell = Callable[[str], None]
# How often a log that nobody watches gets a line.
PLAIN_SECONDS = 5.0


@contextmanager
def progress(first: str) -> Iterator[Tell]:
    """Show what is told, and what the flywheel logs, on stderr until the block ends."""
    with _status(first) if sys.stderr.isatty() else _lines(first) as tell:
        output.hear(_Teller(tell))
        yield tell


class _Teller(logging.Handler):
    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage())


@contextmanager
def _status(first: str) -> Iterator[Tell]:
    from rich.console import Console

    with Console(stderr=True).status(first) as status:
        yield status.update


@contextmanager
def _lines(first: str) -> Iterator[Tell]:
    told = time.monotonic() - PLAIN_SECONDS

    def tell(message: str) -> None:
        nonlocal told
        if time.monotonic() - told >= PLAIN_SECONDS:
            told = time.monotonic()
            sys.stderr.write(message + "\n")
            sys.stderr.flush()

    tell(first)
    yield tell
