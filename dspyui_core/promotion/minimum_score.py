"""The promotion rule `minimum_score`: however much better, not below this."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.promotion.catalog import PromotionRule
from dspyui_core.promotion.findings import Evidence, Finding, against, passed

__all__ = ["MinimumScore"]


class Options(BaseModel):
    """Options of minimum_score."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: float = Field(ge=0, le=1, description="The holdout score that a candidate must reach.")


class MinimumScore(PromotionRule):
    """The candidate's holdout score reaches a floor, whatever the champion's is."""

    name = "minimum_score"
    Options = Options

    def judge(self, evidence: Evidence) -> Finding:
        """Compare the point estimate with the floor."""
        score, least = evidence.comparison.candidate_score, self._options.score
        told = f"the candidate scores {score:.3f}"
        if score < least:
            return against(self.name, f"{told}, below minimum_score {least:g}")
        return passed(self.name, f"{told}, which reaches minimum_score {least:g}")
