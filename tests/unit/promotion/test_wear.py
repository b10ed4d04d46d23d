"""Wear: each look spends its share of the epoch's error, and then nothing is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.promotion import LedgerEntry, next_look
from dspyui_core.spec import PromotionSpec
from support.decisions import entry

POLICY = PromotionSpec(error=0.04, looks=20)


def test_the_first_look_spends_its_share() -> None:
    look = next_look([], POLICY)

    assert (look.epoch, look.number, look.planned) == (1, 1, 20)
    assert look.level == pytest.approx(0.002)


def test_the_last_planned_look_spends_what_is_left_and_the_next_nothing() -> None:
    assert next_look([entry()] * 19, POLICY).level == pytest.approx(0.002)
    assert next_look([entry()] * 20, POLICY).level == 0.0


def test_only_turns_look() -> None:
    history = [entry(kind, level=None) for kind in ("promotion", "rollback", "external")]

    assert next_look([*history, entry()], POLICY).number == 2


def test_a_new_epoch_has_the_whole_error_again() -> None:
    history = [*[entry()] * 20, entry("epoch", epoch=2, level=None)]

    assert (next_look(history, POLICY).epoch, next_look(history, POLICY).number) == (2, 1)
    assert next_look(history, POLICY).level == pytest.approx(0.002)


def test_looks_of_before_levels_were_noted_count_as_planned_ones() -> None:
    assert next_look([entry(level=None)] * 20, POLICY).level == 0.0


@given(st.lists(st.tuples(st.floats(0.001, 0.2), st.integers(1, 40)), max_size=60))
def test_whatever_the_policy_becomes_an_epoch_never_spends_more_than_its_largest_error(
    policies: list[tuple[float, int]],
) -> None:
    history: list[LedgerEntry] = []
    for error, looks in policies:
        look = next_look(history, PromotionSpec(error=error, looks=looks))
        history.append(entry(level=look.level))

    spent = sum(found.level or 0.0 for found in history)
    assert spent <= max((error for error, _ in policies), default=0.0) + 1e-9
