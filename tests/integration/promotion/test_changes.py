"""What a person may decide: looked at first, rolled back, acknowledged."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import InputError, ModelNotFoundError
from dspyui_core.promotion import Change, Ledger, LedgerEntry, Releases
from dspyui_core.records import Decision
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


def acknowledge(releases: Releases) -> LedgerEntry:
    return releases.acknowledge("p", reason="it was me", actor="ann")


def kinds(releases: Releases) -> list[str]:
    return [entry.kind for entry in releases.ledger.history("p")]


def test_looking_at_a_promotion_or_a_rollback_decides_nothing(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1, 2)

    promotion = releases.would_promote("p", 3)
    rollback = releases.would_roll_back("p", None)

    assert (promotion, rollback) == (Change("p", 3, 2), Change("p", 1, 2))
    assert (registry.champion, kinds(releases)) == (2, ["promotion", "promotion"])


def test_looking_leaves_an_alias_moved_by_hand_unrecorded(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    registry.aliases["champion"] = "3"

    change = releases.would_promote("p", 2)

    assert change.serving == 3
    assert kinds(releases) == ["promotion"]


def test_looking_leaves_an_alias_that_a_crash_left_behind(
    releases: Releases, registry: Registry
) -> None:
    def die() -> None:
        raise Crash

    promote(releases, 1)
    registry.before_moving = die
    with pytest.raises(Crash):
        promote(releases, 2)

    change = releases.would_promote("p", 3)

    assert (change.serving, registry.champion) == (2, 1)


@pytest.mark.parametrize(
    ("version", "error", "says"),
    [
        (None, ModelNotFoundError, "name a version"),
        (1, InputError, "serves already"),
        (9, ModelNotFoundError, "versions: 1, 2, 3"),
    ],
)
def test_what_cannot_be_promoted_is_refused_when_it_is_looked_at(
    version: int | None, error: type[Exception], says: str, releases: Releases
) -> None:
    promote(releases, 1)

    with pytest.raises(error, match=says):
        releases.would_promote("p", version)


def test_a_rollback_after_a_hand_in_mlflow_goes_back_to_what_served_before_it(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1, 2)
    registry.aliases["champion"] = "1"

    looked = releases.would_roll_back("p", None)
    entry = releases.rollback("p", None, reason="not so", actor="ann")

    assert (looked.version, entry.version, registry.champion) == (2, 2, 2)


def test_who_served_last_comes_back_when_the_alias_was_taken_away(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1, 2)
    del registry.aliases["champion"]

    entry = releases.rollback("p", None, reason="not so", actor="ann")

    assert (entry.version, registry.champion) == (2, 2)


@pytest.mark.parametrize("moved_to", ["3", None])
def test_acknowledging_a_hand_ends_the_hold_and_changes_nobody(
    moved_to: str | None, releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    registry.aliases.pop("champion")
    if moved_to is not None:
        registry.aliases["champion"] = moved_to
    assert releases.hold("p")

    entry = acknowledge(releases)

    assert (entry.kind, entry.reasons, entry.actor) == ("acknowledgement", ["it was me"], "ann")
    assert (releases.hold("p"), releases.champion("p")) == ("", moved_to and int(moved_to))
    assert kinds(releases) == ["acknowledgement", "external", "promotion"]


def test_a_waiting_challenger_goes_on_waiting(releases: Releases, registry: Registry) -> None:
    promote(releases, 1)
    registry.aliases["champion"] = "3"
    decided = Decision.model_validate({"verdict": "ask", "reasons": ["because"]})
    releases.reconcile("p")
    last = releases.ledger.last("p")
    releases.conclude("p", decided, version=2, predecessor=last, turn_id="t1", actor="turn")

    acknowledge(releases)
    releases.reconcile("p")

    assert (registry.champion, registry.challenger) == (3, 2)


def test_without_a_hand_there_is_nothing_to_acknowledge(releases: Releases) -> None:
    promote(releases, 1)

    with pytest.raises(InputError, match="nothing to acknowledge"):
        acknowledge(releases)

    assert kinds(releases) == ["promotion"]
