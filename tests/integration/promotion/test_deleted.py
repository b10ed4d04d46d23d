"""Versions that somebody deleted in MLflow, and two people who decide at once."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, InputError, ModelNotFoundError
from dspyui_core.promotion import Ledger, Releases
from dspyui_core.store.watermarks import Watermarks
from support.registry import Crash, Registry


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def releases(engine: Engine, registry: Registry) -> Releases:
    client: Any = registry
    return Releases(Ledger(engine), client, Watermarks(engine))


def promote(releases: Releases, *versions: int) -> None:
    for version in versions:
        releases.promote("p", version, reason="because", actor="ann")


def roll_back(releases: Releases, version: int | None = None) -> list[str]:
    return releases.rollback("p", version, reason="complaints", actor="ann").reasons


def test_a_deleted_champion_serves_nobody_and_the_ledger_says_so(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1, 2)
    registry.delete(2)

    assert releases.champion("p") is None

    assert releases.ledger.history("p")[0].reasons == [
        "version 2 was deleted in MLflow: no version serves"
    ]
    assert releases.hold("p") != ""


def test_one_rollback_brings_back_the_champion_before_a_deleted_one(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1, 2)
    registry.delete(2)

    reasons = roll_back(releases)

    assert (registry.champion, releases.hold("p")) == (1, "")
    assert reasons == ["complaints", "version 2 is deleted in MLflow"]


def test_a_rollback_passes_over_a_deleted_predecessor_and_says_so(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1, 2, 3)
    registry.delete(2)

    assert releases.would_roll_back("p", None).deleted == (2,)
    assert roll_back(releases) == ["complaints", "version 2 is deleted in MLflow"]
    assert registry.champion == 1


def test_where_every_earlier_champion_is_deleted_a_rollback_changes_nothing(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1, 2)
    registry.delete(1)

    with pytest.raises(ModelNotFoundError, match="no earlier champion"):
        roll_back(releases)

    assert registry.champion == 2


@pytest.mark.parametrize("act", ["promote", "rollback"])
def test_a_deleted_version_is_neither_promoted_nor_rolled_back_to(
    act: str, releases: Releases, registry: Registry
) -> None:
    promote(releases, 1, 2)
    registry.delete(1)

    with pytest.raises(ModelNotFoundError, match="no version 1") as refused:
        getattr(releases, act)("p", 1, reason="because", actor="ann")

    assert refused.value.hint == "versions: 2, 3"
    assert registry.champion == 2


def test_a_decision_whose_version_was_deleted_before_the_alias_moved_blocks_nobody(
    releases: Releases, registry: Registry
) -> None:
    def die() -> None:
        raise Crash

    promote(releases, 1)
    registry.before_moving = die
    with pytest.raises(Crash):
        promote(releases, 2)
    registry.delete(2)

    assert releases.champion("p") == 1

    assert releases.ledger.history("p")[0].reasons == [
        "version 2 was deleted in MLflow: version 1 serves"
    ]
    promote(releases, 3)
    assert (registry.champion, releases.hold("p")) == (3, "")


def test_who_promotes_second_is_told_and_the_first_serves(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    # Read first to see that alias and ledger agree, then to see who would be replaced.
    registry.before_reading = lambda: setattr(
        registry, "before_reading", lambda: promote(releases, 2)
    )

    with pytest.raises(ConflictError, match="somebody else decided about 'p' after decision 1"):
        releases.promote("p", 3, reason="because", actor="bob")

    assert registry.champion == 2
    assert [entry.version for entry in releases.ledger.history("p")] == [2, 1]


def test_a_promoter_who_moves_the_alias_late_does_not_undo_a_later_decision(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    registry.before_moving = lambda: promote(releases, 3)

    promote(releases, 2)

    assert [entry.version for entry in releases.ledger.history("p")] == [3, 2, 1]
    assert (registry.champion, releases.champion("p"), releases.hold("p")) == (3, 3, "")


def test_of_two_promoters_at_once_each_serves_in_turn_or_is_told(
    releases: Releases, registry: Registry
) -> None:
    start, told = Barrier(2), []

    def act(version: int) -> None:
        start.wait()
        try:
            promote(releases, version)
        except (ConflictError, InputError) as error:
            told.append(error)

    people = [Thread(target=act, args=(version,)) for version in (2, 3)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    decided = releases.ledger.history("p")
    assert len(decided) + len(told) == 2
    assert [entry.predecessor for entry in decided] == [entry.seq - 1 for entry in decided]
    assert registry.champion == releases.champion("p") == decided[0].version
