"""Forking: no connection to a state database crosses a fork.

SQLite loses its locks in a child without noticing, and then a write-ahead log may be deleted under
it (sqlite.org/howtocorrupt.html, section 2.6); on PostgreSQL both sides would talk through one
socket. So a fork waits until the connections are back, closes them, and either side opens its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from weakref import WeakSet

from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

# Who forks while another thread is in a transaction waits for its end, but not for ever.
WAIT_SECONDS = 10.0


class Pool(QueuePool):
    """The usual pool, which hands out nothing while this process forks.

    A pool that is disposed of has a successor. Who waited for it meanwhile, or comes back to it,
    must leave no connection in it: nobody would close that before the next fork.
    """

    _successor: Pool | None = None

    def connect(self) -> PoolProxiedConnection:
        """A connection, once no fork is under way."""
        with _gate().passing():
            return super(Pool, self._latest()).connect()

    def recreate(self) -> Pool:
        """A fresh pool, which takes this one's place."""
        fresh = super().recreate()
        assert isinstance(fresh, Pool)
        self._successor = fresh
        return fresh

    def _latest(self) -> Pool:
        pool = self
        while pool._successor is not None:
            pool = pool._successor
        return pool

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        # SQLAlchemy tells of a connection that comes back just before it is in the pool again: a
        # fork in between would take it along.
        super()._do_return_conn(record)
        if self._successor is not None:
            self.dispose()
        _gate().back(record)


def survive_forks(engine: Engine) -> None:
    """Let an engine with our Pool be used on both sides of a fork."""
    _gate().engines.add(engine)
    event.listen(engine, "checkout", _out)


class _Gate:
    """Knows which threads have connections, and closes while the process forks."""

    def __init__(self) -> None:
        self.engines: WeakSet[Engine] = WeakSet()
        self.forget()

    def forget(self) -> None:
        """Start anew: a child has none of its parent's other threads."""
        self._changed = threading.Condition()
        self._forks = 0
        self._out: dict[object, int] = {}

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Wait while the process forks, except for who has a connection that the fork awaits."""
        token, me = object(), threading.get_ident()
        with self._changed:
            if self._forks:
                self._changed.wait_for(lambda: not self._forks or me in self._out.values())
            self._out[token] = me
        try:
            yield
        finally:
            self.back(token)

    def out(self, connection: object) -> None:
        """This thread has it."""
        with self._changed:
            self._out[connection] = threading.get_ident()

    def back(self, connection: object) -> None:
        """Nobody has it."""
        with self._changed:
            self._out.pop(connection, None)
            if self._forks:
                self._changed.notify_all()

    def close(self) -> None:
        """Before a fork: wait for what others have, and close what lies in the pools."""
        me = threading.get_ident()
        with self._changed:
            self._forks += 1
            self._changed.wait_for(lambda: set(self._out.values()) <= {me}, WAIT_SECONDS)
        for engine in list(self.engines):
            engine.dispose()

    def open(self) -> None:
        """After a fork, in the parent."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()


def _out(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
    _gate().out(entry)


@cache
def _gate() -> _Gate:
    gate = _Gate()
    os.register_at_fork(before=gate.close, after_in_parent=gate.open, after_in_child=gate.forget)
    return gate
