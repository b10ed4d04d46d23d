"""Paired statistics: properties of every comparison, and a few that can be checked by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dspyui_core.comparison import compare, rows_needed, score_interval, smallest_detectable
from dspyui_core.errors import InputError
from dspyui_core.records import Comparison, ScoreCard, ScoreRow

score = st.sampled_from([0.0, 1.0]) | st.floats(0, 1)
pairs = st.lists(st.tuples(score, score), min_size=1, max_size=30)


def card(scores: Sequence[float | None], *, prefix: str = "row") -> ScoreCard:
    rows = [ScoreRow(row_id=f"{prefix} {n}", score=value) for n, value in enumerate(scores)]
    return ScoreCard(
        program_digest="p", dataset_version="d", split="holdout", metric="m", rows=tuple(rows)
    )


def compared(pairs: Sequence[tuple[float | None, float | None]], **options: float) -> Comparison:
    theirs, ours = zip(*pairs, strict=True)
    return compare(card(theirs), card(ours), name="champion", **options)  # type: ignore[arg-type]


@given(pairs)
@example([(0.0, 0.0), (0.0, 3e-171)])
@settings(max_examples=12, deadline=None)
def test_the_interval_contains_the_difference_and_stays_in_range(
    pairs: list[tuple[float, float]],
) -> None:
    found = compared(pairs)

    assert -1 - 1e-9 <= found.low <= found.difference + 1e-9
    assert found.difference - 1e-9 <= found.high <= 1 + 1e-9
    assert found.difference == pytest.approx(found.candidate_score - found.opponent_score)


@given(pairs)
@settings(max_examples=8, deadline=None)
def test_swapping_the_sides_negates_everything(pairs: list[tuple[float, float]]) -> None:
    one = compared(pairs)
    other = compared([(ours, theirs) for theirs, ours in pairs])

    assert other.difference == pytest.approx(-one.difference, abs=1e-9)
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-9)
    assert (other.wins, other.losses) == (one.losses, one.wins)


@given(pairs, st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_the_order_of_the_rows_does_not_matter(
    pairs: list[tuple[float, float]], chance: random.Random
) -> None:
    theirs, ours = card([a for a, _ in pairs]), card([b for _, b in pairs])
    mixed = list(ours.rows)
    chance.shuffle(mixed)

    shuffled = compare(theirs, ours.model_copy(update={"rows": tuple(mixed)}), name="champion")

    assert shuffled == compared(pairs)


def test_more_confidence_makes_a_wider_interval() -> None:
    pairs = [(0.0, float(n % 3 > 0)) for n in range(60)]

    narrow, wide = compared(pairs, confidence=0.8), compared(pairs, confidence=0.99)

    assert wide.low < narrow.low < narrow.difference < narrow.high < wide.high


def test_a_failed_row_counts_as_zero_and_stays_in_the_comparison() -> None:
    found = compared([(1.0, None), (None, 1.0), (None, None)])

    assert (found.rows, found.wins, found.losses) == (3, 1, 1)
    assert found.difference == 0.0


def test_rows_that_all_agree_are_still_only_so_many_rows() -> None:
    few, many = compared([(0.5, 0.5)] * 10), compared([(0.5, 0.5)] * 300)

    assert (few.low, few.high) == pytest.approx((-0.2996, 0.2996), abs=1e-3)
    assert (many.low, many.high) == pytest.approx((-0.01, 0.01), abs=1e-3)


def test_one_row_alone_shows_nothing() -> None:
    found = compared([(0.0, 1.0)])

    assert (found.difference, found.high, found.deviation) == (1.0, 1.0, 0.0)
    assert found.low < -0.5
    assert found.p_value == 0.5


def test_the_interval_is_near_the_normal_one_where_rows_are_many() -> None:
    chance = np.random.default_rng(5)
    differences = chance.normal(0.1, 0.2, 1000).clip(-0.5, 0.5)

    found = compared([(0.5, 0.5 + float(d)) for d in differences])

    half = 1.96 * float(differences.std(ddof=1)) / 1000**0.5
    mean = float(differences.mean())
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), abs=2e-3)


def test_the_interval_misses_a_true_zero_about_as_rarely_as_it_promises() -> None:
    chance = np.random.default_rng(1)
    missed = 0
    for _ in range(40):
        differences = chance.choice([-1.0, 0.0, 1.0], 80, p=[0.1, 0.8, 0.1])
        found = compared([(max(-d, 0.0), max(d, 0.0)) for d in differences.tolist()])
        missed += not found.low <= 0 <= found.high

    assert missed <= 6


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(card([]), card([])), (card([1.0]), card([1.0, 0.0])), (card([1]), card([1], prefix="else"))],
    ids=["no rows", "more rows", "other rows"],
)
def test_cards_of_different_rows_are_not_compared(theirs: ScoreCard, ours: ScoreCard) -> None:
    with pytest.raises(InputError, match="do not hold the same rows"):
        compare(theirs, ours, name="champion")


def test_the_rows_needed_follow_the_formula() -> None:
    found = compared([(0.0, 1.0), (1.0, 0.0)] * 50)

    needed = rows_needed(found, 0.1, level=0.025)

    # ((1.960 + 0.842) * sd / 0.1)^2 with sd = 1.005
    assert needed == 793
    assert rows_needed(found, 0.2, level=0.025) == pytest.approx(needed / 4, abs=1)
    assert smallest_detectable(needed, found.deviation, level=0.025) == pytest.approx(0.1, abs=1e-4)


@given(st.lists(score, min_size=1, max_size=30))
@settings(max_examples=8, deadline=None)
def test_a_scores_interval_contains_the_score_and_stays_in_range(scores: list[float]) -> None:
    found = score_interval(card(scores))

    mean = sum(scores) / len(scores)
    assert 0 <= found.low <= mean + 1e-9
    assert mean - 1e-9 <= found.high <= 1


def test_a_scores_interval_is_near_the_textbooks_for_many_rows() -> None:
    found = score_interval(card([1.0] * 252 + [0.0] * 168))

    # 0.6 +- 1.96 * sqrt(0.6 * 0.4 / 420)
    assert found.low == pytest.approx(0.553, abs=0.004)
    assert found.high == pytest.approx(0.647, abs=0.004)


def test_a_row_that_failed_lowers_the_score_and_its_interval() -> None:
    whole, failed = score_interval(card([1.0] * 20)), score_interval(card([1.0] * 19 + [None]))

    assert failed.low < whole.low
    assert whole.high == 1.0


def test_no_rows_have_no_interval() -> None:
    with pytest.raises(InputError, match="without rows"):
        score_interval(card([]))
