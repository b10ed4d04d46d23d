"""The policy: the whole table of verdicts, and reasons that a person can act on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.promotion import Evidence, decide
from dspyui_core.records import Comparison, Decision, Look
from dspyui_core.spec import PromotionSpec

LOOK = Look(epoch=2, number=3, planned=20, level=0.0025)
# difference, low, high, p
BETTER = (0.10, 0.04, 0.16, 0.0005)
BETTER_BY_LITTLE = (0.005, 0.001, 0.02, 0.001)
PERHAPS = (0.05, -0.02, 0.12, 0.08)
NO_BETTER = (-0.05, -0.10, 0.0, 0.98)
TOO_LITTLE = (0.002, -0.004, 0.008, 0.3)
Shape = tuple[float, float, float, float]


def comparison(difference: float, low: float, high: float, p: float, **changes: Any) -> Comparison:
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
        "p_value": p,
        "method": "by hand",
    }
    return Comparison(**values | changes)


def judged(shape: Shape, *, look: Look = LOOK, rows: int = 100, **options: Any) -> Decision:
    policy = PromotionSpec(approval=options.pop("approval", "auto"), minimum_effect=0.01)
    evidence = Evidence(comparison=comparison(*shape, rows=rows), look=look)
    return decide(evidence, policy, **options)


@pytest.mark.parametrize(
    ("shape", "verdict"),
    [
        (BETTER, "promote"),
        ((0.01, 0.0001, 0.02, 0.0025), "promote"),
        ((0.01, 0.0001, 0.02, 0.0026), "inconclusive"),
        (BETTER_BY_LITTLE, "inconclusive"),
        (PERHAPS, "inconclusive"),
        (NO_BETTER, "refuse"),
        ((-0.2, -0.3, -0.1, 1.0), "refuse"),
        (TOO_LITTLE, "refuse"),
        ((0.0, -0.009, 0.009, 0.5), "refuse"),
        ((0.0, -0.01, 0.01, 0.5), "inconclusive"),
        ((-0.01, -0.08, 0.06, 0.6), "inconclusive"),
    ],
)
@pytest.mark.parametrize("approval", ["auto", "manual"])
@pytest.mark.parametrize("hold", ["", "moved by hand"])
def test_a_later_turn_follows_the_evidence_and_asks_where_a_person_must_approve(
    shape: Shape, verdict: str, approval: str, hold: str
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
    shape: Shape, approval: str, verdict: str
) -> None:
    decision = judged(shape, approval=approval, first=True)

    assert (decision.verdict, decision.subject) == (verdict, "baseline")
    assert any("no champion yet" in reason for reason in decision.reasons)


def test_on_a_first_turn_a_better_candidate_is_promoted_itself() -> None:
    decision = judged(BETTER, first=True)

    assert (decision.verdict, decision.subject) == ("promote", "candidate")


def test_an_epoch_whose_looks_are_all_taken_promotes_nothing_and_says_what_to_label() -> None:
    decision = judged(BETTER, look=LOOK.model_copy(update={"number": 21, "level": 0.0}))

    assert decision.verdict == "inconclusive"
    assert (
        "epoch 2 has no error level left after 20 looks: label 20 sampled rows to open the next"
        in decision.reasons
    )


def test_of_a_holdout_that_is_too_small_nothing_is_concluded() -> None:
    decision = judged(BETTER, rows=19)

    assert decision.verdict == "inconclusive"
    assert decision.reasons[-1] == (
        "19 holdout rows are fewer than minimum_holdout 20: label 1 more"
    )


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 0.2),
    st.floats(0, 0.5),
)
def test_nothing_is_promoted_whose_p_value_is_above_the_level_or_whose_gain_is_too_small(
    difference: float, below: float, above: float, p: float, effect: float, level: float
) -> None:
    shape = (difference, difference - below, difference + above, p)
    look = LOOK.model_copy(update={"level": level})
    evidence = Evidence(comparison=comparison(*shape), look=look)

    decision = decide(evidence, PromotionSpec(minimum_effect=effect))

    if decision.verdict == "promote":
        assert 0 <= p <= level
        assert level > 0
        assert difference >= effect
    assert decision.reasons


def test_every_decision_carries_comparison_look_and_findings_as_its_evidence() -> None:
    for shape in (BETTER, PERHAPS, NO_BETTER):
        evidence = judged(shape).evidence

        assert comparison(*shape).model_dump(mode="json").items() <= evidence.items()
        assert evidence["look"] == LOOK.model_dump(mode="json")
        assert [found["rule"] for found in evidence["rules"]] == [
            "significance",
            "minimum_effect",
            "minimum_holdout",
        ]


def test_the_reasons_say_what_was_measured_and_what_speaks_for_it() -> None:
    assert judged(BETTER).reasons == (
        "candidate 0.600, champion 0.500 on 100 holdout rows: difference +0.100, "
        "95% interval +0.040 to +0.160 (20 better, 10 worse)",
        "p = 0.0005, and look 3 of 20 in epoch 2 allows 0.0025: the gain is no chance",
        "the gain reaches minimum_effect 0.01",
        "100 holdout rows reach minimum_holdout 20",
    )


def test_all_that_speaks_against_a_candidate_is_said() -> None:
    assert judged((0.005, -0.02, 0.03, 0.2), rows=10).reasons[1:] == (
        "p = 0.2, and look 3 of 20 in epoch 2 allows 0.0025: the gain may be chance; "
        "needs 21291 more labelled holdout rows to show a gain of 0.010 with 80% power",
        "the gain +0.005 misses minimum_effect 0.01",
        "10 holdout rows are fewer than minimum_holdout 20: label 10 more",
    )


@pytest.mark.parametrize("difference", [-0.01, 0.0, 1e-17])
def test_for_a_gain_that_nobody_could_see_no_rows_are_asked(difference: float) -> None:
    found = comparison(difference, -0.08, 0.06, 0.5)
    decision = decide(Evidence(comparison=found, look=LOOK), PromotionSpec(minimum_effect=0))

    assert decision.verdict == "inconclusive"
    assert not any("needs" in reason for reason in decision.reasons)
