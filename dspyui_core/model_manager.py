"""The programs kept loaded for serving: versions stay, what an alias means is asked again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Loaded = TypeVar("Loaded")


class Resolve(Protocol):
    """Says which version is meant; see mlflow_loader.resolve_version."""

    def __call__(
        self, name: str, /, *, version: int | None, stage: str | None, alias: str | None
    ) -> int: ...


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Loads answered from memory and not, since the start, and versions in memory now."""

    hits: int
    misses: int
    size: int


@dataclass(frozen=True, slots=True)
class _Wish:
    name: str
    stage: str | None
    alias: str | None


@dataclass(frozen=True, slots=True)
class _Answer:
    version: int
    until: float


class ModelManager(Generic[Loaded]):
    """A thread-safe cache of loaded versions; many threads asking for one cause one load.

    A version never changes and stays until `capacity` others were used after it. What an alias or
    a stage stands for is believed for `ttl` seconds: so long a move made elsewhere goes unnoticed;
    whoever moves it in this process calls `invalidate_cache`. `now` is a clock in seconds.
    Where asking ends in one of the `away` errors, what was believed is believed for another `ttl`:
    a registry that is away for a while stops nobody from serving.
    """

    def __init__(
        self,
        resolve: Resolve,
        load: Callable[[str, int], Loaded],
        *,
        ttl: float = 5.0,
        capacity: int = 16,
        now: Callable[[], float] = time.monotonic,
        away: tuple[type[Exception], ...] = (),
    ) -> None:
        self._resolve = resolve
        self._load = load
        self._ttl = ttl
        self._capacity = capacity
        self._now = now
        self._away = away
        self._lock = threading.Lock()
        self._answers: dict[_Wish, _Answer] = {}
        self._loaded: OrderedDict[tuple[str, int], Future[Loaded]] = OrderedDict()
        self._epoch = 0
        self._hits = 0
        self._misses = 0

    def load_model(
        self,
        name: str,
        version: int | None = None,
        stage: str | None = None,
        alias: str | None = None,
    ) -> Loaded:
        """The loaded version meant; by default the champion.

        Raises what resolving or loading raises, to all who wait; a failure is not kept.
        """
        key = (name, self._version(_Wish(name, stage, alias), version))
        mine, future = self._claim(key)
        if mine:
            self._fill(key, future)
        return future.result()

    def invalidate_cache(self, name: str) -> None:
        """Forget what is known of one model, its loaded versions too."""
        with self._lock:
            self._epoch += 1
            self._answers = {w: a for w, a in self._answers.items() if w.name != name}
            for key in [key for key in self._loaded if key[0] == name]:
                del self._loaded[key]

    def invalidate_all(self) -> None:
        """Forget everything but the counts."""
        with self._lock:
            self._epoch += 1
            self._answers.clear()
            self._loaded.clear()

    def get_cache_stats(self) -> CacheStats:
        """Hits, misses and size."""
        with self._lock:
            return CacheStats(self._hits, self._misses, len(self._loaded))

    def _version(self, wish: _Wish, version: int | None) -> int:
        by_name = wish.stage is not None or wish.alias is not None
        if version is not None and not by_name:
            return version
        with self._lock:
            answer, epoch = self._answers.get(wish), self._epoch
        if version is None and answer is not None and self._now() < answer.until:
            return answer.version
        until = self._now() + self._ttl
        found = self._asked(wish, version, answer)
        with self._lock:
            # An answer from before an invalidation may be the old one.
            if epoch == self._epoch:
                self._answers[wish] = _Answer(found, until)
        return found

    def _asked(self, wish: _Wish, version: int | None, believed: _Answer | None) -> int:
        try:
            return self._resolve(wish.name, version=version, stage=wish.stage, alias=wish.alias)
        except self._away:
            if believed is None:
                raise
            return believed.version

    def _claim(self, key: tuple[str, int]) -> tuple[bool, Future[Loaded]]:
        with self._lock:
            known = self._loaded.get(key)
            if known is not None:
                self._hits += 1
                self._loaded.move_to_end(key)
                return False, known
            self._misses += 1
            future: Future[Loaded] = Future()
            self._loaded[key] = future
            while len(self._loaded) > self._capacity:
                self._loaded.popitem(last=False)
            return True, future

    def _fill(self, key: tuple[str, int], future: Future[Loaded]) -> None:
        try:
            future.set_result(self._load(*key))
        except BaseException as error:
            with self._lock:
                if self._loaded.get(key) is future:
                    del self._loaded[key]
            future.set_exception(error)
            raise
