"""Releases: the ledger decides, the alias follows, and a hand in between is noticed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, InputError, ModelNotFoundError
from dspyui_core.promotion import Ledger, LedgerEntry, Releases
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


def promote(releases: Releases, version: int | None, *, by: str = "ann") -> LedgerEntry:
    return releases.promote("p", version, reason="because", actor=by)


def conclude(
    releases: Releases, verdict: str, version: int | None, *, turn: str, after: int | None = None
) -> LedgerEntry:
    decision = Decision.model_validate({"verdict": verdict, "reasons": ["because"]})
    return releases.conclude(
        "p",
        decision,
        version=version,
        predecessor=releases.ledger.last("p") if after is None else after,
        turn_id=turn,
        actor="turn",
    )


def kinds(releases: Releases) -> list[str]:
    return [entry.kind for entry in releases.ledger.history("p")]


def test_nobody_serves_before_the_first_promotion(releases: Releases) -> None:
    assert releases.champion("p") is None
    assert releases.champion("never-heard-of") is None
    assert kinds(releases) == []


def test_a_promotion_moves_the_alias_and_is_remembered(
    releases: Releases, registry: Registry
) -> None:
    entry = promote(releases, 2)

    assert (registry.champion, releases.champion("p")) == (2, 2)
    assert (entry.kind, entry.actor, entry.reasons) == ("promotion", "ann", ["because"])
    assert releases.hold("p") == ""


def test_by_default_the_waiting_challenger_is_promoted_and_waits_no_more(
    releases: Releases, registry: Registry
) -> None:
    conclude(releases, "ask", 2, turn="t1")
    assert (registry.champion, registry.challenger) == (None, 2)

    entry = promote(releases, None)

    assert entry.version == 2
    assert (registry.champion, registry.challenger) == (2, None)


def test_a_promotion_removes_a_challenger_that_lost_to_it(
    releases: Releases, registry: Registry
) -> None:
    conclude(releases, "ask", 2, turn="t1")

    conclude(releases, "promote", 3, turn="t2")

    assert (registry.champion, registry.challenger) == (3, None)


@pytest.mark.parametrize("verdict", ["refuse", "inconclusive"])
def test_a_turn_that_lets_nothing_pass_moves_nothing(
    verdict: str, releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)

    entry = conclude(releases, verdict, None, turn="t1")

    assert (entry.verdict, registry.aliases) == (verdict, {"champion": "1"})


@pytest.mark.parametrize("version", [0, 4, 99])
def test_an_unknown_version_is_refused_and_nothing_is_written(
    version: int, releases: Releases, registry: Registry
) -> None:
    conclude(releases, "ask", 2, turn="t1")

    for act in (releases.promote, releases.rollback):
        with pytest.raises(ModelNotFoundError, match=r"versions: 1, 2, 3"):
            act("p", version, reason="because", actor="ann")

    assert kinds(releases) == ["turn"]
    assert registry.champion is None


def test_without_a_challenger_a_promotion_needs_a_version(releases: Releases) -> None:
    with pytest.raises(ModelNotFoundError, match="name a version"):
        promote(releases, None)


def test_an_unknown_model_is_refused(releases: Releases) -> None:
    with pytest.raises(ModelNotFoundError):
        releases.promote("q", 1, reason="because", actor="ann")


def test_what_serves_already_is_not_promoted_again(releases: Releases) -> None:
    promote(releases, 1)

    with pytest.raises(InputError, match="serves already"):
        promote(releases, 1)


def test_a_rollback_lets_the_champion_before_serve_again(
    releases: Releases, registry: Registry
) -> None:
    for version in (1, 2, 3):
        promote(releases, version)

    entry = releases.rollback("p", None, reason="complaints", actor="ann")

    assert (entry.kind, entry.version, registry.champion) == ("rollback", 2, 2)


def test_rolling_back_twice_goes_back_two_and_never_forward(
    releases: Releases, registry: Registry
) -> None:
    for version in (1, 2, 3):
        promote(releases, version)

    served = [
        releases.rollback("p", None, reason="complaints", actor="ann").version for _ in range(2)
    ]

    assert served == [2, 1]
    with pytest.raises(ModelNotFoundError, match="no earlier champion"):
        releases.rollback("p", None, reason="complaints", actor="ann")


def test_after_a_rollback_and_a_promotion_the_next_rollback_skips_what_was_taken_back(
    releases: Releases, registry: Registry
) -> None:
    for version in (1, 2):
        promote(releases, version)
    releases.rollback("p", None, reason="complaints", actor="ann")
    promote(releases, 3)

    releases.rollback("p", None, reason="complaints", actor="ann")

    assert registry.champion == 1


def test_a_rollback_to_a_named_version(releases: Releases, registry: Registry) -> None:
    for version in (1, 2, 3):
        promote(releases, version)

    releases.rollback("p", 1, reason="complaints", actor="ann")

    assert registry.champion == 1


def test_the_first_champion_has_nothing_to_roll_back_to(releases: Releases) -> None:
    promote(releases, 1)

    with pytest.raises(ModelNotFoundError, match="no earlier champion"):
        releases.rollback("p", None, reason="complaints", actor="ann")


def die() -> None:
    raise Crash


def test_a_crash_between_ledger_and_alias_is_repaired_by_the_next_who_looks(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    registry.before_moving = die
    with pytest.raises(Crash):
        promote(releases, 2)
    assert registry.champion == 1

    assert releases.champion("p") == 2

    assert (registry.champion, kinds(releases)) == (2, ["promotion", "promotion"])
    assert releases.hold("p") == ""


def test_a_turn_that_crashed_before_the_alias_moved_is_repeated_without_a_second_decision(
    releases: Releases, registry: Registry
) -> None:
    registry.before_moving = die
    with pytest.raises(Crash):
        conclude(releases, "promote", 2, turn="t1", after=0)

    entry = conclude(releases, "promote", 2, turn="t1", after=0)

    assert (registry.champion, kinds(releases)) == (2, ["turn"])
    assert releases.ledger.champion("p") == entry


@pytest.mark.parametrize("verdict", ["promote", "ask"])
def test_repeating_a_turns_end_undoes_nothing_that_a_person_decided_since(
    verdict: str, releases: Releases, registry: Registry
) -> None:
    conclude(releases, verdict, 2, turn="t1", after=0)
    promote(releases, 3)

    conclude(releases, verdict, 2, turn="t1", after=0)

    assert (registry.champion, registry.challenger) == (3, None)
    assert releases.hold("p") == ""


def test_a_turn_whose_evidence_is_out_of_date_conflicts(
    releases: Releases, registry: Registry
) -> None:
    began = releases.ledger.last("p")
    promote(releases, 1)

    with pytest.raises(ConflictError):
        conclude(releases, "promote", 2, turn="t1", after=began)

    assert registry.champion == 1


def test_an_alias_moved_by_hand_is_accepted_once_and_stops_automatic_promotion(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    registry.aliases["champion"] = "3"

    assert releases.champion("p") == 3
    assert releases.champion("p") == 3

    assert kinds(releases) == ["external", "promotion"]
    assert "moved by hand to version 3" in releases.hold("p")
    assert releases.ledger.history("p")[0].reasons == [
        "the champion alias was moved by hand from version 1 to version 3"
    ]


def test_an_alias_set_by_hand_before_any_decision_is_accepted(
    releases: Releases, registry: Registry
) -> None:
    registry.aliases["champion"] = "2"

    assert releases.champion("p") == 2
    assert releases.hold("p") != ""


def test_an_alias_taken_away_by_hand_means_that_nobody_serves(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    del registry.aliases["champion"]

    assert releases.champion("p") is None
    assert releases.champion("p") is None

    assert kinds(releases) == ["external", "promotion"]
    assert "moved by hand to no version" in releases.hold("p")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_persons_promotion_ends_the_hold(
    version: int, releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    registry.aliases["champion"] = "3"
    releases.reconcile("p")

    promote(releases, version)

    assert (releases.hold("p"), registry.champion) == ("", version)


def test_a_hold_outlives_a_turn_that_was_refused(releases: Releases, registry: Registry) -> None:
    promote(releases, 1)
    registry.aliases["champion"] = "3"
    releases.reconcile("p")

    conclude(releases, "refuse", None, turn="t1")

    assert releases.hold("p") != ""


def test_a_promotion_while_somebody_looks_is_not_taken_for_a_hand(
    releases: Releases, registry: Registry
) -> None:
    promote(releases, 1)
    registry.before_reading = lambda: promote(releases, 2)

    seen = releases.champion("p")

    assert seen == 2
    assert kinds(releases) == ["promotion", "promotion"]
    assert releases.hold("p") == ""


def test_stages_follow_aliases_and_decisions(releases: Releases) -> None:
    promote(releases, 1)
    promote(releases, 2)
    conclude(releases, "ask", 3, turn="t1")

    stages = {version.version: version.stage for version in releases.versions("p")}

    assert stages == {1: "Archived", 2: "Production", 3: "Staging"}


def test_a_stage_change_to_production_is_a_promotion(
    releases: Releases, registry: Registry
) -> None:
    releases.transition("p", 2, "Production")

    assert (registry.champion, kinds(releases)) == (2, ["promotion"])


@pytest.mark.parametrize("stage", ["Archived", "None"])
def test_the_champion_cannot_be_archived_under_its_users(stage: str, releases: Releases) -> None:
    promote(releases, 2)

    with pytest.raises(InputError, match="serves and cannot become"):
        releases.transition("p", 2, stage)


def test_a_challenger_that_is_archived_waits_no_more(
    releases: Releases, registry: Registry
) -> None:
    conclude(releases, "ask", 2, turn="t1")

    releases.transition("p", 2, "Archived")

    assert registry.challenger is None
    assert {v.version: v.stage for v in releases.versions("p")}[2] == "Archived"
