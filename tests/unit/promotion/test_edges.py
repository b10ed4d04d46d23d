"""Holdouts and scores at the edge: a clear verdict or a clear error, never a promotion by luck."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from dspyui_core.comparison import compare
from dspyui_core.errors import InputError
from dspyui_core.promotion import Evidence, decide
from dspyui_core.records import Decision, Look, ScoreCard, ScoreRow
from dspyui_core.spec import PromotionSpec

# All that an epoch has, in one look: nothing else holds a candidate back.
GENEROUS = Look(epoch=1, number=1, planned=1, level=0.49)


def card(scores: Sequence[float | None]) -> ScoreCard:
    rows = tuple(ScoreRow(row_id=f"row-{n}", score=score) for n, score in enumerate(scores))
    return ScoreCard(
        program_digest="p", dataset_version="d", split="holdout", metric="m", rows=rows
    )


def judged(theirs: Sequence[float | None], ours: Sequence[float | None]) -> Decision:
    comparison = compare(card(theirs), card(ours), name="champion")
    return decide(Evidence(comparison=comparison, look=GENEROUS), PromotionSpec())


def test_an_empty_holdout_decides_nothing() -> None:
    with pytest.raises(InputError, match="do not hold the same rows"):
        judged([], [])


def test_a_holdout_of_one_row_promotes_nothing_and_says_how_many_to_label() -> None:
    decision = judged([0.0], [1.0])

    assert decision.verdict == "inconclusive"
    assert "1 holdout rows are fewer than minimum_holdout 20: label 19 more" in decision.reasons


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rows", [20, 300, 2_000])
def test_scores_that_are_all_equal_promote_nothing(score: float, rows: int) -> None:
    decision = judged([score] * rows, [score] * rows)

    assert decision.verdict in ("refuse", "inconclusive")
    assert all(math.isfinite(decision.evidence[key]) for key in ("low", "high", "p_value"))


def test_a_decision_says_what_such_a_look_shows_and_how_many_rows_the_gain_asked_for_takes() -> (
    None
):
    """By Cohen's one-sample formula with z(0.49) + z(0.8) = 0.0251 + 0.8416."""
    decision = judged([0.0] * 5 + [1.0] * 95, [1.0] * 100)

    deviation = decision.evidence["deviation"]
    assert deviation == pytest.approx(0.2190, abs=1e-4)
    assert decision.evidence["detectable"] == pytest.approx(0.8667 * deviation / 10, abs=1e-5)
    assert decision.evidence["rows_needed"] == math.ceil((0.8667 * deviation / 0.01) ** 2)


def test_where_no_scores_differ_what_a_look_shows_is_unknown() -> None:
    evidence = judged([1.0] * 30, [1.0] * 30).evidence

    assert (evidence["detectable"], evidence["rows_needed"]) == (None, None)


def test_a_program_that_fails_on_every_row_is_refused() -> None:
    assert judged([1.0] * 50, [None] * 50).verdict == "refuse"


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("whose", ["champion", "candidate"])
def test_a_score_that_is_no_number_names_its_row(odd: float, whose: str) -> None:
    fine, wrong = [0.5] * 30, [0.5] * 29 + [odd]

    with pytest.raises(InputError, match=r"'row-29' has the score .*, which is no number"):
        judged(*((wrong, fine) if whose == "champion" else (fine, wrong)))
