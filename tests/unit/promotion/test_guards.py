"""The guardrails: what a better mean may not hide, and what they say of it."""

from __future__ import annotations

from typing import Any

import pytest

from dspyui_core.promotion import Evidence, decide
from dspyui_core.records import Comparison, Decision, Latency, Look, Replay, SliceComparison
from dspyui_core.spec import PromotionSpec

BETTER = Comparison(
    opponent="champion",
    rows=200,
    opponent_score=0.5,
    candidate_score=0.6,
    difference=0.1,
    low=0.05,
    high=0.15,
    confidence=0.95,
    wins=30,
    losses=10,
    deviation=0.4,
    p_value=0.0001,
    method="by hand",
)


def judged(policy: dict[str, Any] | None = None, **evidence: Any) -> Decision:
    found = Evidence(comparison=BETTER, look=Look(), **evidence)
    return decide(found, PromotionSpec(**policy or {}))


def told(decision: Decision, rule: str) -> tuple[str, str]:
    (found,) = [f for f in decision.evidence["rules"] if f["rule"] == rule]
    return found["verdict"], found["reason"]


def slice_of(difference: float, half: float, *, value: str = "refund") -> SliceComparison:
    return SliceComparison(
        column="label",
        value=value,
        rows=40,
        opponent_score=0.5,
        candidate_score=0.5 + difference,
        difference=difference,
        low=difference - half,
        high=difference + half,
    )


def replay(**changes: Any) -> Replay:
    values: dict[str, Any] = {
        "champion": 1,
        "rows": 200,
        "agreement": 0.9,
        "changed": 20,
        "failed": 0,
        "unfit": 0,
        "rated": 20,
        "wins": 5,
        "losses": 5,
    }
    return Replay(**values | changes)


def test_a_slice_that_is_shown_to_be_worse_refuses_and_is_named() -> None:
    decision = judged(slices=(slice_of(-0.2, 0.1), slice_of(0.1, 0.1, value="lost card")))

    assert decision.verdict == "refuse"
    assert "shown to be worse in label 'refund' (-0.200 on 40 rows)" in decision.reasons


def test_among_many_slices_one_that_looks_worse_by_chance_does_not_refuse() -> None:
    others = tuple(slice_of(0.1, 0.1, value=f"label {n}") for n in range(19))

    assert judged(slices=(slice_of(-0.105, 0.1), *others)).verdict == "promote"
    assert judged(slices=(slice_of(-0.105, 0.1),)).verdict == "refuse"


def test_a_slice_that_may_lose_too_much_needs_more_rows_where_the_spec_asks() -> None:
    wide = (slice_of(0.0, 0.2),)

    assert judged(slices=wide).verdict == "promote"
    decision = judged({"max_slice_loss": 0.1}, slices=wide)
    assert decision.verdict == "inconclusive"
    assert told(decision, "slices")[1].startswith("not shown to lose less than max_slice_loss 0.1")


@pytest.mark.parametrize(
    ("failed", "verdict"),
    [
        ({"candidate": 11, "champion": 0}, "refuse"),
        ({"candidate": 10, "champion": 0}, "promote"),
        ({"candidate": 50, "champion": 50}, "promote"),
    ],
)
def test_a_candidate_may_fail_on_few_rows_or_on_no_more_than_the_champion(
    failed: dict[str, int], verdict: str
) -> None:
    decision = judged(failed=failed)

    assert decision.verdict == verdict
    assert f"{failed['candidate']} of 200 rows failed" in told(decision, "failures")[1]


@pytest.mark.parametrize(
    ("usd", "verdict"),
    [
        ({"candidate": 2.0, "champion": 1.0}, "promote"),
        ({"candidate": 2.1, "champion": 1.0}, "refuse"),
        ({"candidate": None, "champion": 1.0}, "inconclusive"),
        ({"candidate": 0.0, "champion": 0.0}, "promote"),
    ],
)
def test_the_price_of_an_answer_has_a_ceiling_where_the_spec_sets_one(
    usd: dict[str, float | None], verdict: str
) -> None:
    assert judged({"max_cost": 2}, usd=usd).verdict == verdict
    assert judged(usd=usd).verdict == "promote"


@pytest.mark.parametrize(
    ("candidate", "verdict"),
    [
        (Latency(p50=300, p95=900), "promote"),
        (Latency(p50=301, p95=400), "refuse"),
        (None, "inconclusive"),
    ],
)
def test_the_time_of_an_answer_has_a_ceiling_where_the_spec_sets_one(
    candidate: Latency | None, verdict: str
) -> None:
    times = {"candidate": candidate, "champion": Latency(p50=100, p95=200)}

    assert judged({"max_latency": 3}, latency_ms=times).verdict == verdict
    assert judged(latency_ms=times).verdict == "promote"


@pytest.mark.parametrize(
    ("wins", "losses", "verdict"), [(5, 5, "promote"), (1, 8, "refuse"), (0, 4, "promote")]
)
def test_users_who_prefer_the_champions_answers_refuse(
    wins: int, losses: int, verdict: str
) -> None:
    decision = judged(replay=replay(wins=wins, losses=losses))

    assert decision.verdict == verdict
    assert f"{wins} better, {losses} worse" in told(decision, "replay")[1]


def test_a_judge_that_people_disagree_with_promotes_nothing() -> None:
    decision = judged(judge="kappa 0.1 is below minimum_kappa 0.4")

    assert decision.verdict == "inconclusive"
    assert "kappa 0.1 is below minimum_kappa 0.4" in decision.reasons


def test_all_rules_that_are_broken_are_told_and_none_that_has_nothing_to_look_at() -> None:
    decision = judged(slices=(slice_of(-0.2, 0.1),), failed={"candidate": 100, "champion": 0})

    assert len(decision.reasons) == 3
    assert {found["rule"] for found in decision.evidence["rules"]} == {
        "significance",
        "minimum_effect",
        "minimum_holdout",
        "slices",
        "failures",
    }
