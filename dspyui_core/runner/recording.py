"""Recording answers that somebody else's server gives; a failing journal never breaks an answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from dspyui_core.errors import ConflictError, FlywheelError, InputError
from dspyui_core.runner.answering import SPAN_BYTES, new_trace_id
from dspyui_core.runner.patience import Patience
from dspyui_core.runner.plain import fitted, plain
from dspyui_core.store.clock import utc_now
from dspyui_core.store.journal import Journal, NewPrediction

LOG = logging.getLogger("dspyui")
# A commit takes a millisecond; who waits this long for one has better things to do.
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RecordingStats:
    """What one process's recorder did: answers recorded, answers lost, and why the last one was."""

    recorded: int = 0
    failed: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; `authenticated` says that the server knows them."""

    user_id: str
    authenticated: bool = False


_CALLER: ContextVar[Caller | None] = ContextVar("dspyui_caller", default=None)


@contextmanager
def asked_by(user_id: str, *, authenticated: bool = False) -> Iterator[None]:
    """Answers that are recorded in the block are to this user's questions."""
    token = _CALLER.set(Caller(user_id, authenticated))
    try:
        yield
    finally:
        _CALLER.reset(token)


class Recorder:
    """Puts answers into the journal that are given elsewhere, and counts those it could not.

    `journal` is asked for when there is something to record, so that a state database that cannot
    be opened is one more reason why an answer is not recorded.
    """

    def __init__(self, journal: Callable[[], Journal], *, span_bytes: int = SPAN_BYTES) -> None:
        self._journal = journal
        self._span_bytes = span_bytes
        self._lock = threading.Lock()
        self._stats = RecordingStats()
        self._opened: Journal | None = None
        self._patience = Patience(PATIENCE_SECONDS)

    @property
    def stats(self) -> RecordingStats:
        """What was recorded and what was not, since this process began."""
        with self._lock:
            return self._stats

    def record_prediction(
        self,
        name: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any] | None,
        *,
        version: int | None = None,
        user_id: str | None = None,
        authenticated: bool = False,
        trace_id: str | None = None,
        started_at: datetime | None = None,
        latency_ms: float | None = None,
        error: str | None = None,
        lm: Mapping[str, Any] | None = None,
        spans: Sequence[Mapping[str, Any]] = (),
        strict: bool = False,
    ) -> str | None:
        """Record one answer of program `name`, durably; its trace id, which feedback names.

        Values that JSON has no word for are told in words. `latency_ms` in milliseconds; without
        `started_at` (with a zone) the answer began that long ago. An answer without outputs needs
        an `error`. The same `trace_id` (by default a fresh one) with the same answer again records
        nothing twice. Without a `user_id` the one of `asked_by` counts.

        Where that fails, or others write for two seconds, None comes back, it is counted in `stats`
        and told in the log; `strict` waits, and raises InputError, ConflictError or StoreError.
        """
        caller = Caller(user_id, authenticated) if user_id is not None else _CALLER.get()

        def made() -> NewPrediction:
            if not name or (outputs is None and not error):
                raise InputError(
                    f"an answer of {name!r} with outputs {outputs!r} and error {error!r}",
                    hint="name the program, and give the outputs, or what went wrong",
                )
            payload = {
                "inputs": _named(inputs),
                "outputs": _named(outputs or {}),
                "latency_ms": None if latency_ms is None else round(latency_ms, 3),
                "started_at": _began(started_at, latency_ms).isoformat(),
                "lm": dict(lm or {}),
            }
            return NewPrediction(
                name,
                trace_id or new_trace_id(),
                payload if error is None else {**payload, "error": error},
                user_id=caller.user_id if caller else None,
                authenticated=caller.authenticated if caller else False,
                version=version,
                spans=fitted(spans, self._span_bytes),
            )

        return self.keep(made, strict=strict)

    def keep(self, made: Callable[[], NewPrediction], *, strict: bool) -> str | None:
        """Record what `made` makes; its trace id, or None where anything about that failed."""
        try:
            new = made()
            if strict:
                self._append(new)
            elif not self._appended_at_once(new):
                self._patience.wait_for(partial(self._append, new))
        except Exception as error:
            # The edge: whatever failed, the answer goes to who asked for it.
            self._count(error)
            if strict:
                raise
            return None
        with self._lock:
            known = self._stats
            self._stats = RecordingStats(known.recorded + 1, known.failed, known.last_error)
        return new.trace_id

    def _appended_at_once(self, new: NewPrediction) -> bool:
        """Whether it went in without any waiting; to let a thread wait takes half a commit."""
        if self._opened is None:
            return False
        try:
            return self._opened.append_at_once([new]) is not None
        except FlywheelError:
            # Who has the time finds out what that means.
            return False

    def _append(self, new: NewPrediction) -> None:
        journal = self._opened = self._journal()
        try:
            journal.append([new])
        except ConflictError:
            # Told again, an answer began and took as long as before only if both were given.
            known = journal.find_prediction(new.trace_id)
            if known is None or _essence(known.payload) != _essence(new.payload):
                raise

    def _count(self, error: Exception) -> None:
        words = f"{type(error).__name__}: {error}"
        with self._lock:
            known = self._stats
            told_already = known.last_error == words
            self._stats = RecordingStats(known.recorded, known.failed + 1, words)
        if not told_already:
            LOG.warning("an answer was not recorded: %s", words)


def _essence(payload: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(payload.get(part) for part in ("inputs", "outputs", "error"))


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    found = plain(dict(values))
    if not isinstance(found, dict):
        raise InputError(f"not named values: {str(found)[:80]!r}", hint="give them by field name")
    return found


def _began(started_at: datetime | None, latency_ms: float | None) -> datetime:
    return started_at or utc_now() - timedelta(milliseconds=latency_ms or 0.0)
