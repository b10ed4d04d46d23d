"""What a history of decisions comes to: pauses, pins, and who served before."""

from __future__ import annotations

from typing import Any

import pytest

from dspyui_core.promotion.standing import earlier_champions, standing
from support.decisions import history

NOBODY: Any = (None, None, None)


def held(*decisions: tuple[str, int | None]) -> tuple[int | None, int | None, int | None]:
    """The numbers of the decisions that hold: a pause, a pin, a moved alias."""
    found = standing(history(*decisions))
    return tuple(  # type: ignore[return-value]
        None if entry is None else entry.seq for entry in (found.paused, found.pinned, found.moved)
    )


def test_nothing_is_held_without_a_decision() -> None:
    assert held() == NOBODY
    assert standing([]).reasons == ()


def test_a_pause_holds_until_it_is_resumed() -> None:
    paused = (("promotion", 1), ("pause", None))

    assert held(*paused) == (2, None, None)
    assert held(*paused, ("resume", None)) == NOBODY
    assert held(*paused, ("resume", None), ("pause", None)) == (4, None, None)


def test_a_pause_outlives_a_promotion_by_hand() -> None:
    assert held(("pause", None), ("promotion", 2)) == (1, None, None)


def test_a_pin_holds_until_it_is_taken_off() -> None:
    pinned = (("promotion", 1), ("pin", 1))

    assert held(*pinned) == (None, 2, None)
    assert held(*pinned, ("unpin", 1)) == NOBODY


@pytest.mark.parametrize("kind", ["rollback", "external"])
def test_a_pin_ends_where_another_version_serves_and_stays_ended(kind: str) -> None:
    ended = (("promotion", 1), ("promotion", 2), ("pin", 2), (kind, 1))

    assert standing(history(*ended)).pinned is None
    assert standing(history(*ended, ("promotion", 2))).pinned is None


def test_a_pin_holds_while_its_own_version_is_acknowledged() -> None:
    assert held(("external", 1), ("pin", 1), ("acknowledgement", 1)) == (None, 2, None)


def test_an_alias_that_was_moved_holds_until_a_person_decides() -> None:
    moved = (("promotion", 1), ("external", 3), ("pause", None))

    assert held(*moved) == (3, None, 2)
    assert held(*moved, ("acknowledgement", 3)) == (3, None, None)


def test_every_hold_says_who_why_and_the_way_out() -> None:
    reasons = standing(history(("external", 3), ("pause", None), ("pin", 3))).reasons

    assert reasons[0] == "paused by ann (decision 2, because): dspyui program resume p"
    assert reasons[1] == "version 3 is pinned by ann (decision 3, because): dspyui model unpin p"
    assert "moved by hand to version 3 (decision 1)" in reasons[2]


def test_pauses_and_pins_are_no_champions() -> None:
    decisions = (("promotion", 1), ("pin", 1), ("unpin", 1), ("promotion", 2), ("pin", 2))

    assert earlier_champions(history(*decisions)) == [1, 2]
