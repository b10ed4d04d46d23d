"""The promotion policy: the evidence in, a verdict with every reason out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dspyui_core.comparison import rows_needed, smallest_detectable
from dspyui_core.promotion.catalog import listed
from dspyui_core.promotion.findings import Evidence, Finding, Rule
from dspyui_core.promotion.guards import cost, failures, judge, latency, replay, slices
from dspyui_core.promotion.rules import SMALLEST_GAIN, minimum_effect, minimum_holdout, significance
from dspyui_core.records import Comparison, Decision, Verdict
from dspyui_core.spec import PromotionSpec

__all__ = ["decide"]

RULES: Final[tuple[Rule, ...]] = (
    significance,
    minimum_effect,
    minimum_holdout,
    slices,
    failures,
    cost,
    latency,
    replay,
    judge,
)
NOTHING_TO_SERVE = (
    "no champion yet: the uncompiled baseline is released, so that there is something to serve "
    "and to compare with"
)


def decide(
    evidence: Evidence, policy: PromotionSpec, *, first: bool = False, hold: str = ""
) -> Decision:
    """Judge a candidate by its comparison with the champion (the baseline on a first turn).

    Refuse where any rule refuses, otherwise inconclusive where the evidence does not suffice for
    any, otherwise promote; what every rule found, those of `policy.rules` included, is among the
    reasons. A promotion that has to be
    approved, by policy or because of `hold` (why automatic promotion is stopped), becomes ask. On
    a first turn a candidate that is not promoted gives way to the baseline.
    """
    findings = [found for rule in RULES if (found := rule(evidence, policy)) is not None]
    findings += [found for rule in listed(policy) if (found := rule.judge(evidence)) is not None]
    verdict = _verdict(findings)
    reasons = (_measured(evidence.comparison), *_told(findings, verdict))
    kept = {
        **evidence.comparison.model_dump(mode="json"),
        "look": evidence.look.model_dump(mode="json"),
        **_power(evidence, policy),
        "rules": [finding.model_dump(mode="json") for finding in findings],
    }
    if verdict != "promote" and not first:
        return Decision(verdict=verdict, reasons=reasons, evidence=kept)
    manual = ["approval is manual: a person must promote it"] * (policy.approval == "manual")
    waiting = (*manual, *([hold] if hold else []))
    baseline = first and verdict != "promote"
    return Decision(
        verdict="ask" if waiting else "promote",
        subject="baseline" if baseline else "candidate",
        reasons=(*reasons, *([NOTHING_TO_SERVE] if baseline else []), *waiting),
        evidence=kept,
    )


def _power(evidence: Evidence, policy: PromotionSpec) -> dict[str, float | int | None]:
    """The smallest gain that such a look shows, and the rows at which it shows the one asked for.

    None where that is unknown: the look may spend nothing, the paired scores never differ, or any
    gain will do.
    """
    found, level = evidence.comparison, evidence.look.level
    if not level or not found.deviation:
        return {"detectable": None, "rows_needed": None}
    effect = policy.minimum_effect
    needed = rows_needed(found, effect, level=level) if effect >= SMALLEST_GAIN else None
    return {
        "detectable": smallest_detectable(found.rows, found.deviation, level=level),
        "rows_needed": needed,
    }


def _verdict(findings: Sequence[Finding]) -> Verdict:
    found = {finding.verdict for finding in findings}
    if "refuse" in found:
        return "refuse"
    return "inconclusive" if "inconclusive" in found else "promote"


def _told(findings: Sequence[Finding], verdict: Verdict) -> list[str]:
    """What speaks for a promotion, or all that speaks against one."""
    return [f.reason for f in findings if verdict == "promote" or f.verdict != "pass"]


def _measured(comparison: Comparison) -> str:
    return (
        f"candidate {comparison.candidate_score:.3f}, {comparison.opponent} "
        f"{comparison.opponent_score:.3f} on {comparison.rows} holdout rows: difference "
        f"{comparison.difference:+.3f}, {comparison.confidence:.0%} interval "
        f"{comparison.low:+.3f} to {comparison.high:+.3f} "
        f"({comparison.wins} better, {comparison.losses} worse)"
    )
