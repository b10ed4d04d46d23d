"""What a look could show is told before a candidate costs anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dspyui_core.promotion import LedgerEntry, futile
from dspyui_core.spec import PromotionSpec
from support.decisions import entry


def history(deviation: float) -> list[LedgerEntry]:
    return [replace(entry(), evidence={"deviation": deviation})]


def test_without_a_bound_only_an_epoch_that_is_worn_out_is_futile() -> None:
    policy = PromotionSpec(looks=2)

    assert futile([entry()], 10, policy) == ""
    assert "epoch 1 has no error level left after 2 looks" in futile([entry()] * 2, 10, policy)


def test_a_holdout_that_shows_only_larger_gains_says_how_many_rows_are_missing() -> None:
    policy = PromotionSpec(error=0.05, looks=20, max_detectable=0.05)

    # (2.807 + 0.842) * 0.4 / sqrt(n) = 0.05 at n = 852.
    assert futile(history(0.4), 853, policy) == ""
    assert futile(history(0.4), 400, policy) == (
        "400 holdout rows show a gain of 0.073 or more with 80% power, and max_detectable is 0.05: "
        "label 453 more rows, or go on with --force"
    )


def test_of_a_program_that_was_never_compared_a_spread_is_supposed() -> None:
    policy = PromotionSpec(max_detectable=0.05)

    assert futile([], 1_200, policy) == ""
    assert "label" in futile([], 900, policy)


@pytest.mark.parametrize("rows", [1, 20])
def test_a_tiny_holdout_has_an_answer_too(rows: int) -> None:
    assert "or go on with --force" in futile([], rows, PromotionSpec(max_detectable=0.01))
