"""The promotion policy: a paired comparison in, a verdict with every reason out."""

from __future__ import annotations

from dspyui_core.comparison import rows_needed
from dspyui_core.records import Comparison, Decision
from dspyui_core.spec import PromotionSpec

__all__ = ["decide"]

# A smaller gain reads as 0.000, and no holdout is large enough to show it.
SMALLEST_GAIN = 0.001
NOTHING_TO_SERVE = (
    "no champion yet: the uncompiled baseline is released, so that there is something to serve "
    "and to compare with"
)


def decide(
    comparison: Comparison, policy: PromotionSpec, *, first: bool = False, hold: str = ""
) -> Decision:
    """Judge a candidate by its comparison with the champion (the baseline on a first turn).

    Promote where the interval of the difference lies above 0 and the difference reaches
    `minimum_effect`; refuse where even the interval's upper end does not reach it; otherwise
    the holdout is too small to tell: inconclusive. A promotion that has to be approved, by
    policy or because of `hold` (why automatic promotion is stopped), becomes ask. On a first
    turn a candidate that is not promoted gives way to the baseline.
    """
    verdict, reasons = _judge(comparison, policy)
    if first and verdict != "promote":
        return _approved(policy, hold, "baseline", (*reasons, NOTHING_TO_SERVE), comparison)
    if verdict == "promote":
        return _approved(policy, hold, "candidate", reasons, comparison)
    return Decision(
        verdict=verdict,
        reasons=reasons,
        evidence=comparison.model_dump(mode="json"),
    )


def _approved(
    policy: PromotionSpec, hold: str, subject: str, reasons: tuple[str, ...], evidence: Comparison
) -> Decision:
    manual = ["approval is manual: a person must promote it"] * (policy.approval == "manual")
    waiting = (*manual, *([hold] if hold else []))
    return Decision(
        verdict="ask" if waiting else "promote",
        subject=subject,
        reasons=(*reasons, *waiting),
        evidence=evidence.model_dump(mode="json"),
    )


def _judge(comparison: Comparison, policy: PromotionSpec) -> tuple[str, tuple[str, ...]]:
    measured = _measured(comparison)
    effect = policy.minimum_effect
    if comparison.low > 0 and comparison.difference >= effect:
        return "promote", (
            measured,
            f"the whole interval is above 0 and the gain reaches minimum_effect {effect:g}",
        )
    if comparison.high <= 0:
        return "refuse", (measured, "the whole interval is at or below 0: no better")
    if comparison.high < effect:
        return "refuse", (measured, f"even its upper end misses minimum_effect {effect:g}")
    return "inconclusive", (measured, *_missing(comparison, effect))


def _missing(comparison: Comparison, effect: float) -> list[str]:
    missing = []
    if comparison.low <= 0:
        missing.append("the interval includes 0: the gain may be chance")
    if comparison.difference < effect:
        missing.append(f"the gain {comparison.difference:+.3f} misses minimum_effect {effect:g}")
    target = max(effect, comparison.difference)
    visible = target >= SMALLEST_GAIN
    more = rows_needed(comparison, target) - comparison.rows if visible else 0
    if more > 0:
        missing.append(
            f"needs {more} more labelled holdout rows to show a gain of {target:.3f} "
            "with 80 % power"
        )
    return missing


def _measured(comparison: Comparison) -> str:
    return (
        f"candidate {comparison.candidate_score:.3f}, {comparison.opponent} "
        f"{comparison.opponent_score:.3f} on {comparison.rows} holdout rows: difference "
        f"{comparison.difference:+.3f}, {comparison.confidence:.0%} interval "
        f"{comparison.low:+.3f} to {comparison.high:+.3f} "
        f"({comparison.wins} better, {comparison.losses} worse)"
    )
