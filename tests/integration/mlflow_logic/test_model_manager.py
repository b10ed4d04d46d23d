"""The manager's cache: one load per version, aliases believed for a while, failures not kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dspyui_core.errors import ModelNotFoundError
from dspyui_core.model_manager import CacheStats, ModelManager


class Registry:
    """A registry of one champion that counts what it is asked."""

    def __init__(self) -> None:
        self.champion = 1
        self.resolved = 0
        self.loads: list[tuple[str, int]] = []
        self.gate: threading.Event | None = None
        self.broken = False
        self.away = False

    def resolve(
        self, name: str, /, *, version: int | None, stage: str | None, alias: str | None
    ) -> int:
        self.resolved += 1
        if name == "unknown":
            raise ModelNotFoundError(name)
        if self.away:
            raise ConnectionError("the registry is away")
        return self.champion if version is None else version

    def load(self, name: str, version: int) -> str:
        self.loads.append((name, version))
        if self.gate is not None:
            self.gate.wait(5)
        if self.broken:
            raise OSError("the artifact store is away")
        return f"{name} {version}"


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(registry: Registry, clock: Clock) -> ModelManager[str]:
    return ModelManager(
        registry.resolve, registry.load, ttl=30, capacity=2, now=clock, away=(ConnectionError,)
    )


def test_a_second_load_comes_from_memory(manager: ModelManager[str], registry: Registry) -> None:
    answers = [manager.load_model("orders") for _ in range(3)]
    assert answers == ["orders 1"] * 3
    assert (registry.loads, registry.resolved) == ([("orders", 1)], 1)
    assert manager.get_cache_stats() == CacheStats(hits=2, misses=1, size=1)


def test_many_threads_asking_at_once_cause_one_load(
    manager: ModelManager[str], registry: Registry
) -> None:
    registry.gate = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(manager.load_model, "orders", 1) for _ in range(8)]
        registry.gate.set()
        answers = {future.result(5) for future in asked}
    assert answers == {"orders 1"}
    assert registry.loads == [("orders", 1)]
    assert manager.get_cache_stats() == CacheStats(hits=7, misses=1, size=1)


def test_a_moved_alias_is_noticed_after_the_ttl_and_not_before(
    manager: ModelManager[str], registry: Registry, clock: Clock
) -> None:
    manager.load_model("orders")
    registry.champion = 2
    clock.seconds = 29.9
    before = manager.load_model("orders", alias="champion"), manager.load_model("orders")
    clock.seconds = 30.1
    assert before == ("orders 2", "orders 1")
    assert manager.load_model("orders") == "orders 2"


def test_invalidation_makes_a_moved_alias_count_at_once(
    manager: ModelManager[str], registry: Registry
) -> None:
    manager.load_model("orders")
    manager.load_model("parcels")
    registry.champion = 2
    manager.invalidate_cache("orders")
    assert manager.load_model("orders") == "orders 2"
    assert manager.load_model("parcels") == "parcels 1"


def test_an_alias_moved_while_it_is_being_resolved_is_not_kept_stale(registry: Registry) -> None:
    manager: ModelManager[str]

    def resolve(name: str, /, *, version: int | None, stage: str | None, alias: str | None) -> int:
        old = registry.champion
        if old == 1:
            registry.champion = 2
            manager.invalidate_cache(name)
        return old

    manager = ModelManager(resolve, registry.load, now=Clock())
    assert manager.load_model("orders") == "orders 1"
    assert manager.load_model("orders") == "orders 2"


def test_invalidating_all_empties_the_cache_and_keeps_the_counts(
    manager: ModelManager[str],
) -> None:
    manager.load_model("orders")
    manager.invalidate_all()
    assert manager.get_cache_stats() == CacheStats(hits=0, misses=1, size=0)


def test_a_failed_load_is_raised_and_tried_again(
    manager: ModelManager[str], registry: Registry
) -> None:
    registry.broken = True
    with pytest.raises(OSError, match="away"):
        manager.load_model("orders")
    registry.broken = False
    assert manager.load_model("orders") == "orders 1"


def test_while_the_registry_is_away_what_served_serves_on(
    manager: ModelManager[str], registry: Registry, clock: Clock
) -> None:
    manager.load_model("orders")
    registry.away, registry.champion = True, 2
    clock.seconds = 31
    assert [manager.load_model("orders") for _ in range(3)] == ["orders 1"] * 3
    assert registry.resolved == 2
    registry.away = False
    clock.seconds = 62
    assert manager.load_model("orders") == "orders 2"


def test_a_registry_that_was_never_asked_and_is_away_is_an_error(
    manager: ModelManager[str], registry: Registry
) -> None:
    registry.away = True
    with pytest.raises(ConnectionError):
        manager.load_model("orders")


def test_an_unknown_model_is_not_found_and_leaves_nothing_behind(
    manager: ModelManager[str],
) -> None:
    with pytest.raises(ModelNotFoundError):
        manager.load_model("unknown")
    assert manager.get_cache_stats() == CacheStats(hits=0, misses=0, size=0)


def test_the_version_used_longest_ago_makes_room(
    manager: ModelManager[str], registry: Registry
) -> None:
    for version in (1, 2, 1, 3, 1, 2):
        manager.load_model("orders", version)
    assert registry.loads == [("orders", 1), ("orders", 2), ("orders", 3), ("orders", 2)]
