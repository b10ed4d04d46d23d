"""Who is on trial, who was taken back, and whom the champion before still answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dspyui_core.errors import ModelNotFoundError
from dspyui_core.promotion import Holdback, LedgerEntry, Trial, taken_back, trial
from dspyui_core.promotion.trials import stays_behind
from dspyui_core.spec import WatchSpec
from dspyui_core.testing import tiny_spec
from support.decisions import history

USERS = [f"user-{number}" for number in range(4_000)]


def on_trial(*, over: bool = False, decision: int = 2) -> Trial:
    return Trial("p", decision, 2, 1, datetime(2026, 1, 2, tzinfo=UTC), 0, over)


def test_a_champion_that_replaced_another_is_on_trial() -> None:
    found = trial(history(("turn", 1), ("turn", 2), ("pin", 2), ("refused", 3)))

    assert found == on_trial()


@pytest.mark.parametrize(
    "decisions",
    [
        [],
        [("refused", 1)],
        [("turn", 1)],
        [("turn", 1), ("turn", 2), ("rollback", 1)],
        [("turn", 1), ("external", 2)],
        [("turn", 1), ("external", None)],
    ],
)
def test_the_first_one_and_those_that_a_hand_or_a_rollback_made_are_not(
    decisions: list[tuple[str, int | None]],
) -> None:
    assert trial(history(*decisions)) is None


def test_a_trial_is_over_once_the_watch_says_so_and_the_next_one_begins() -> None:
    watched = [("turn", 1), ("turn", 2), ("watch", 2)]

    over, again = trial(history(*watched)), trial(history(*watched, ("promotion", 3)))

    assert over is not None
    assert over.over
    assert again is not None
    assert (again.champion, again.predecessor, again.over) == (3, 2, False)


def test_what_a_rollback_took_back_stays_so_until_it_is_promoted_again() -> None:
    back = [("turn", 1), ("turn", 2), ("turn", 3), ("rollback", 1)]
    again = history(*back, ("promotion", 3))

    found = {version: taken_back(history(*back), version) for version in (1, 2, 3)}

    assert [entry and entry.seq for entry in found.values()] == [None, 4, 4]
    assert taken_back(again, 3) is None
    assert taken_back(again, 2) is not None


def test_about_the_share_of_users_stays_behind_and_always_the_same_ones() -> None:
    behind = [user for user in USERS if stays_behind(on_trial(), 0.1, user)]

    assert 0.08 < len(behind) / len(USERS) < 0.12
    assert behind == [user for user in USERS if stays_behind(on_trial(), 0.1, user)]
    assert {user for user in USERS if stays_behind(on_trial(), 0.2, user)} > set(behind)


def test_another_trial_draws_other_users() -> None:
    first, second = (
        {user for user in USERS if stays_behind(on_trial(decision=seq), 0.1, user)}
        for seq in (2, 3)
    )

    assert len(first & second) < len(first) / 2


def test_nobody_stays_behind_without_a_share_or_after_the_trial() -> None:
    assert not any(stays_behind(on_trial(), 0.0, user) for user in USERS)
    assert not any(stays_behind(on_trial(over=True), 0.5, user) for user in USERS)


class Loaded:
    """A loaded version of `p`, half of whose users stay behind."""

    def __init__(self, version: int) -> None:
        spec = tiny_spec(name="p")
        self.spec = spec.model_copy(update={"watch": WatchSpec(holdback=0.5)})
        self.version = version


class Book:
    """A ledger that counts how often it is read."""

    def __init__(self, *decisions: tuple[str, int | None]) -> None:
        self.decisions, self.reads = list(decisions), 0

    def history(self, program: str) -> list[LedgerEntry]:
        self.reads += 1
        return history(*self.decisions)


def holdback(book: Any, load: Any = lambda name, version: Loaded(version)) -> Holdback[Any]:
    return Holdback(book, load, ttl=5.0, now=lambda: 0.0)


def test_a_user_who_stays_behind_is_answered_by_the_champion_before() -> None:
    book = Book(("turn", 1), ("turn", 2))
    served = holdback(book)

    versions = {user: served.served(Loaded(2), key=user).version for user in USERS[:50]}

    assert versions == {u: 1 if stays_behind(on_trial(), 0.5, u) else 2 for u in USERS[:50]}
    assert set(versions.values()) == {1, 2}
    assert book.reads == 1


def test_another_champion_than_the_ledgers_answers_everybody() -> None:
    served = holdback(Book(("turn", 1), ("turn", 2)))

    assert {served.served(Loaded(3), key=user).version for user in USERS[:50]} == {3}


def test_a_champion_before_that_was_deleted_answers_nobody() -> None:
    def gone(name: str, version: int) -> Loaded:
        raise ModelNotFoundError(name)

    served = holdback(Book(("turn", 1), ("turn", 2)), gone)

    assert {served.served(Loaded(2), key=user).version for user in USERS[:50]} == {2}
