"""Pausing a program and pinning its champion: turns ask, people are told, rollbacks go on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, InputError, ModelNotFoundError
from dspyui_core.promotion import Hold, HoldKind, Ledger, LedgerEntry, Releases, would_hold
from dspyui_core.promotion import hold_still as hold_still_
from dspyui_core.records import Decision
from dspyui_core.store.watermarks import Watermarks
from support.registry import Crash, Registry


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def releases(engine: Engine, registry: Registry) -> Releases:
    client: Any = registry
    made = Releases(Ledger(engine), client, Watermarks(engine))
    for version in (1, 2):
        made.promote("p", version, reason="because", actor="ann")
    return made


def hold_still(releases: Releases, kind: HoldKind, version: int | None = None) -> LedgerEntry:
    return hold_still_(releases, "p", kind, reason="because", actor="ann", version=version)


def conclude(releases: Releases, verdict: str, version: int | None, *, after: int) -> LedgerEntry:
    decision = Decision.model_validate({"verdict": verdict, "reasons": ["because"]})
    return releases.conclude(
        "p", decision, version=version, predecessor=after, turn_id="t1", actor="turn"
    )


def test_a_pause_stops_automatic_promotion_and_a_resume_ends_that(releases: Releases) -> None:
    hold_still(releases, "pause")
    paused = releases.hold("p")

    hold_still(releases, "resume")

    assert paused.startswith("paused by ann")
    assert releases.hold("p") == ""


@pytest.mark.parametrize("kind", ["pause", "pin"])
def test_holding_still_changes_nobody_who_serves(
    kind: HoldKind, releases: Releases, registry: Registry
) -> None:
    hold_still(releases, kind)

    assert (releases.champion("p"), registry.champion) == (2, 2)
    assert {v.version: v.stage for v in releases.versions("p")} == {
        1: "Archived",
        2: "Production",
        3: "None",
    }


def test_a_person_may_promote_while_a_program_is_paused(
    releases: Releases, registry: Registry
) -> None:
    hold_still(releases, "pause")

    releases.promote("p", 3, reason="needed", actor="ann")

    assert registry.champion == 3


def test_a_pinned_champion_is_replaced_neither_by_a_turn_nor_by_hand(
    releases: Releases, registry: Registry
) -> None:
    hold_still(releases, "pin", 2)

    with pytest.raises(InputError, match="version 2 of 'p' is pinned by ann") as refused:
        releases.promote("p", 3, reason="needed", actor="bob")

    assert "dspyui model unpin p" in (refused.value.hint or "")
    assert "version 2 is pinned" in releases.hold("p")
    assert registry.champion == 2


def test_a_rollback_is_possible_from_a_pin_and_ends_it(
    releases: Releases, registry: Registry
) -> None:
    hold_still(releases, "pin")

    releases.rollback("p", None, reason="complaints", actor="ann")
    releases.promote("p", 3, reason="better", actor="ann")

    assert registry.champion == 3
    assert releases.standing("p").pinned is None


def test_after_an_unpin_it_is_replaced(releases: Releases, registry: Registry) -> None:
    hold_still(releases, "pin")
    hold_still(releases, "unpin")

    releases.promote("p", 3, reason="better", actor="ann")

    assert registry.champion == 3


@pytest.mark.parametrize(
    ("before", "kind", "version", "says"),
    [
        (("pause",), "pause", None, "paused already, by ann"),
        ((), "resume", None, "not paused"),
        (("pin",), "pin", None, "pinned already"),
        ((), "unpin", None, "no version of 'p' is pinned"),
        ((), "pin", 1, "only who serves can be pinned, and that is version 2"),
        ((), "pin", 9, "only who serves can be pinned, and that is version 2"),
    ],
)
def test_what_is_so_already_is_refused_and_nothing_is_written(
    before: tuple[HoldKind, ...],
    kind: HoldKind,
    version: int | None,
    says: str,
    releases: Releases,
) -> None:
    for earlier in before:
        hold_still(releases, earlier)
    last = releases.ledger.last("p")

    with pytest.raises(InputError, match=says):
        hold_still(releases, kind, version)

    assert releases.ledger.last("p") == last


def test_a_program_that_nobody_knows_is_not_found(releases: Releases) -> None:
    with pytest.raises(ModelNotFoundError):
        hold_still_(releases, "q", "pause", reason="because", actor="ann")


def test_looking_at_a_hold_decides_nothing(releases: Releases) -> None:
    last = releases.ledger.last("p")

    planned = would_hold(releases, "p", "pin")

    assert planned == Hold(program="p", kind="pin", version=2)
    assert releases.ledger.last("p") == last


def test_a_turn_that_was_paused_under_way_still_ends_with_its_decision(
    releases: Releases, registry: Registry
) -> None:
    began = releases.ledger.last("p")
    hold_still(releases, "pause")

    entry = conclude(releases, "ask", 3, after=began)

    assert (entry.verdict, registry.challenger, registry.champion) == ("ask", 3, 2)


@pytest.mark.parametrize("kind", ["pause", "pin"])
def test_a_promotion_decided_before_the_hold_does_not_pass_it(
    kind: HoldKind, releases: Releases, registry: Registry
) -> None:
    began = releases.ledger.last("p")
    hold_still(releases, kind)

    with pytest.raises(ConflictError):
        conclude(releases, "promote", 3, after=began)

    assert registry.champion == 2


def test_a_pause_that_is_over_does_not_stop_a_promotion(
    releases: Releases, registry: Registry
) -> None:
    began = releases.ledger.last("p")
    hold_still(releases, "pause")
    hold_still(releases, "resume")

    conclude(releases, "promote", 3, after=began)

    assert registry.champion == 3


def test_a_turns_end_that_a_crash_cut_off_is_shown_though_a_pause_came_after(
    releases: Releases, registry: Registry
) -> None:
    def die() -> None:
        raise Crash

    began = releases.ledger.last("p")
    registry.before_moving = die
    with pytest.raises(Crash):
        conclude(releases, "ask", 3, after=began)
    hold_still(releases, "pause")

    conclude(releases, "ask", 3, after=began)

    assert registry.challenger == 3
