"""Flushing: what MLflow's own database session writes one by one goes there together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction


@contextmanager
def flushed_together(store: Any) -> Iterator[None]:
    """Let this thread's transactions of a tracking store write at their end.

    MLflow looks up each tag of each trace before it adds it, and each look first writes what the
    session holds: a fifth of the time of a batch. The keys of one batch are all different, so no
    look can miss what waits. A store that is a server's client has no session, and is left alone.
    """
    engine, thread = getattr(store, "engine", None), get_ident()
    if engine is None:
        yield
        return

    def begun(session: Session, _: SessionTransaction, connection: Connection) -> None:
        if get_ident() == thread and connection.engine is engine:
            session.autoflush = False

    event.listen(Session, "after_begin", begun)
    try:
        yield
    finally:
        event.remove(Session, "after_begin", begun)
