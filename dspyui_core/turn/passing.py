"""Which failures of a step may pass by themselves, so that trying again is worth the time."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from urllib.error import HTTPError, URLError

from dspyui_core.errors import FlywheelError, InputError
from dspyui_core.store.postgres import is_away

__all__ = ["may_pass"]

_NETWORK = (ConnectionError, TimeoutError, socket.gaierror)
_LOCKED = ("locked", "busy")


def may_pass(error: object) -> bool:
    """Whether the same call may go well a moment later, without anybody changing anything.

    That is what calls itself retryable, and whatever a server caused that is away: MLflow, an LM,
    or the state database. What a person wrote or sent stays wrong.
    """
    if isinstance(error, FlywheelError) and error.retryable:
        return True
    if isinstance(error, InputError) or not isinstance(error, BaseException):
        return False
    return any(_is_away(cause) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """It, and what it came from; a library often names only the context."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def _is_away(cause: BaseException) -> bool:
    if isinstance(cause, URLError) and not isinstance(cause, HTTPError):
        return isinstance(cause.reason, _NETWORK)
    if isinstance(cause, sqlite3.OperationalError):
        return any(word in str(cause) for word in _LOCKED)
    return isinstance(cause, _NETWORK) or is_away(cause)
