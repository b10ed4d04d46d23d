"""`promotion.rules`: named rules judge after the policy's own, and can only hold back."""

from __future__ import annotations

from typing import Any

import pytest

from dspyui_core.errors import SpecError
from dspyui_core.extensions import PROMOTION_RULES
from dspyui_core.promotion import Evidence, Finding, PromotionRule, decide, passed
from dspyui_core.records import Comparison, Decision, Look
from dspyui_core.spec import ProgramSpec, PromotionSpec, parse_spec
from dspyui_core.testing import tiny_spec
from support.plugins import register


class Content(PromotionRule):
    """A rule that is content with everything."""

    name = "content"
    Options = PROMOTION_RULES.get("minimum_score").Options

    def judge(self, evidence: Evidence) -> Finding:
        return passed(self.name, "why not")


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, PROMOTION_RULES, content=f"{__name__}:Content")


def floor(score: float) -> dict[str, Any]:
    return {"name": "minimum_score", "options": {"score": score}}


def judged(*rules: Any, p_value: float = 0.0001) -> Decision:
    comparison = Comparison(
        opponent="champion", rows=200, opponent_score=0.6, candidate_score=0.7, difference=0.1,
        low=0.05, high=0.15, confidence=0.95, wins=25, losses=5, deviation=0.4, p_value=p_value,
        method="by hand",
    )  # fmt: skip
    look = Look(epoch=1, number=1, planned=20, level=0.002)
    policy = PromotionSpec.model_validate({"rules": list(rules)})
    return decide(Evidence(comparison=comparison, look=look), policy)


def parsed(*rules: Any) -> ProgramSpec:
    return parse_spec(tiny_spec().model_dump(mode="json") | {"promotion": {"rules": list(rules)}})


def test_a_candidate_that_is_better_but_below_the_floor_is_refused_with_all_reasons() -> None:
    decision = judged(floor(0.75))

    assert decision.verdict == "refuse"
    assert decision.reasons[-1] == "the candidate scores 0.700, below minimum_score 0.75"
    assert decision.evidence["rules"][-1]["rule"] == "minimum_score"
    assert {found["rule"] for found in decision.evidence["rules"]} >= {"significance"}


def test_a_candidate_at_the_floor_is_promoted_and_told_why() -> None:
    decision = judged(floor(0.7))

    assert decision.verdict == "promote"
    assert "the candidate scores 0.700, which reaches minimum_score 0.7" in decision.reasons


def test_a_rule_that_is_content_promotes_nothing_that_the_policy_does_not() -> None:
    content = {"name": "content", "options": {"score": 0}}

    assert judged(content).verdict == "promote"
    assert judged(content, p_value=0.3).verdict == "inconclusive"


def test_a_rule_and_its_options_change_the_identity() -> None:
    assert (
        len({spec.identity() for spec in (parsed(), parsed(floor(0.5)), parsed(floor(0.6)))}) == 3
    )


def test_every_wrong_rule_is_told_at_once_with_its_key() -> None:
    with pytest.raises(SpecError) as caught:
        parsed("minimum_scor", "minimum_score", floor(2), floor(0.5))

    found = {problem.column: str(problem) for problem in caught.value.problems}
    assert "did you mean 'minimum_score'?" in found["promotion.rules.0"]
    assert "promotion.rules.1.options.score" in found
    assert "is there twice" in found["promotion.rules.2"]
    assert "is there twice" in found["promotion.rules.3"]


def test_a_rule_that_is_no_longer_installed_is_an_error() -> None:
    with pytest.raises(SpecError, match="no promotion rule named 'gone'"):
        judged("gone")
