"""The policy: the whole table of verdicts, and reasons that a person can act on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.promotion import decide
from dspyui_core.records import Comparison, Decision
from dspyui_core.spec import PromotionSpec

# difference, low, high
BETTER = (0.10, 0.04, 0.16)
BETTER_BY_LITTLE = (0.005, 0.001, 0.02)
PERHAPS = (0.05, -0.02, 0.12)
NO_BETTER = (-0.05, -0.10, 0.0)
TOO_LITTLE = (0.002, -0.004, 0.008)


def comparison(difference: float, low: float, high: float, **changes: Any) -> Comparison:
    values: dict[str, Any] = {
        "opponent": "champion",
        "rows": 100,
        "opponent_score": 0.5,
        "candidate_score": 0.5 + difference,
        "difference": difference,
        "low": low,
        "high": high,
        "confidence": 0.95,
        "wins": 20,
        "losses": 10,
        "deviation": 0.4,
        "method": "by hand",
    }
    return Comparison(**values | changes)


def judged(shape: tuple[float, float, float], **options: Any) -> Decision:
    policy = PromotionSpec(approval=options.pop("approval", "auto"), minimum_effect=0.01)
    return decide(comparison(*shape), policy, **options)


@pytest.mark.parametrize(
    ("shape", "verdict"),
    [
        (BETTER, "promote"),
        ((0.01, 0.0001, 0.02), "promote"),
        (BETTER_BY_LITTLE, "inconclusive"),
        (PERHAPS, "inconclusive"),
        ((0.05, 0.0, 0.10), "inconclusive"),
        (NO_BETTER, "refuse"),
        ((-0.2, -0.3, -0.1), "refuse"),
        (TOO_LITTLE, "refuse"),
        ((0.0, -0.009, 0.009), "refuse"),
        ((0.0, -0.01, 0.01), "inconclusive"),
        ((-0.01, -0.08, 0.06), "inconclusive"),
    ],
)
@pytest.mark.parametrize("approval", ["auto", "manual"])
@pytest.mark.parametrize("hold", ["", "moved by hand"])
def test_a_later_turn_follows_the_interval_and_asks_where_a_person_must_approve(
    shape: tuple[float, float, float], verdict: str, approval: str, hold: str
) -> None:
    decision = judged(shape, approval=approval, hold=hold)

    waits = verdict == "promote" and (approval == "manual" or hold != "")
    assert decision.verdict == ("ask" if waits else verdict)
    assert decision.subject == "candidate"
    assert decision.registers == (verdict == "promote")
    assert (hold in decision.reasons) == bool(waits and hold)


@pytest.mark.parametrize("shape", [BETTER_BY_LITTLE, PERHAPS, NO_BETTER, TOO_LITTLE])
@pytest.mark.parametrize(("approval", "verdict"), [("auto", "promote"), ("manual", "ask")])
def test_on_a_first_turn_a_candidate_that_is_not_better_gives_way_to_the_baseline(
    shape: tuple[float, float, float], approval: str, verdict: str
) -> None:
    decision = judged(shape, approval=approval, first=True)

    assert (decision.verdict, decision.subject) == (verdict, "baseline")
    assert any("no champion yet" in reason for reason in decision.reasons)


def test_on_a_first_turn_a_better_candidate_is_promoted_itself() -> None:
    decision = judged(BETTER, first=True)

    assert (decision.verdict, decision.subject) == ("promote", "candidate")


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.2), st.booleans())
def test_nothing_is_ever_promoted_whose_interval_touches_zero(
    difference: float, below: float, above: float, effect: float, first: bool
) -> None:
    shape = (difference, difference - below, difference + above)

    decision = decide(comparison(*shape), PromotionSpec(minimum_effect=effect), first=first)

    if decision.verdict == "promote" and decision.subject == "candidate":
        assert shape[1] > 0
        assert difference >= effect
    assert decision.reasons


def test_every_decision_carries_the_comparison_as_its_evidence() -> None:
    for shape in (BETTER, PERHAPS, NO_BETTER):
        assert judged(shape).evidence == comparison(*shape).model_dump(mode="json")


def test_the_reasons_say_what_was_measured() -> None:
    measured = judged(BETTER).reasons[0]

    assert measured == (
        "candidate 0.600, champion 0.500 on 100 holdout rows: difference +0.100, "
        "95% interval +0.040 to +0.160 (20 better, 10 worse)"
    )


def test_an_inconclusive_decision_says_how_many_rows_are_missing() -> None:
    reasons = " | ".join(judged(PERHAPS).reasons)

    # ((1.960 + 0.842) * 0.4 / 0.05)^2 = 502.3 rows for a gain of 0.05; 100 are there.
    assert "the interval includes 0" in reasons
    assert "needs 403 more labelled holdout rows to show a gain of 0.050" in reasons


def test_a_gain_below_the_minimum_effect_is_named() -> None:
    reasons = " | ".join(judged(BETTER_BY_LITTLE).reasons)

    assert "the gain +0.005 misses minimum_effect 0.01" in reasons
    assert "includes 0" not in reasons


@pytest.mark.parametrize("difference", [-0.01, 0.0, 1e-17])
def test_for_a_gain_that_nobody_could_see_no_rows_are_asked(difference: float) -> None:
    decision = decide(comparison(difference, -0.08, 0.06), PromotionSpec(minimum_effect=0))

    assert decision.verdict == "inconclusive"
    assert not any("more labelled holdout rows" in reason for reason in decision.reasons)
