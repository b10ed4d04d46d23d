"""The rules that ask for a gain: that it is no chance, worth a release, and seen on enough rows."""

from __future__ import annotations

from dspyui_core.comparison import POWER, rows_needed
from dspyui_core.promotion.findings import Evidence, Finding, against, lacking, passed
from dspyui_core.promotion.wear import rows_for_next_epoch
from dspyui_core.records import Comparison, Look
from dspyui_core.spec import PromotionSpec

__all__ = [
    "SMALLEST_GAIN",
    "minimum_effect",
    "minimum_holdout",
    "no_level_left",
    "significance",
]

# A smaller gain reads as 0.000, and no holdout is large enough to show it.
SMALLEST_GAIN = 0.001


def significance(evidence: Evidence, policy: PromotionSpec) -> Finding:
    """The gain is no chance: its p-value is within what this look may spend."""
    found, look = evidence.comparison, evidence.look
    if found.high <= 0:
        return against("significance", "the whole interval is at or below 0: no better")
    if not look.level:
        return lacking("significance", no_level_left(look, found.rows))
    told = (
        f"p = {found.p_value:.2g}, and look {look.number} of {look.planned} in epoch {look.epoch} "
        f"allows {look.level:.2g}"
    )
    if found.p_value <= look.level:
        return passed("significance", f"{told}: the gain is no chance")
    more = _more_rows(found, max(policy.minimum_effect, found.difference), look)
    return lacking("significance", f"{told}: the gain may be chance{more}")


def minimum_effect(evidence: Evidence, policy: PromotionSpec) -> Finding:
    """The gain is worth a release."""
    found, effect = evidence.comparison, policy.minimum_effect
    if found.difference >= effect:
        return passed("minimum_effect", f"the gain reaches minimum_effect {effect:g}")
    if found.high < effect:
        told = f"even its interval's upper end misses minimum_effect {effect:g}"
        return against("minimum_effect", told)
    told = f"the gain {found.difference:+.3f} misses minimum_effect {effect:g}"
    return lacking("minimum_effect", told)


def minimum_holdout(evidence: Evidence, policy: PromotionSpec) -> Finding:
    """There are enough rows to conclude anything at all."""
    rows, least = evidence.comparison.rows, policy.minimum_holdout
    if rows >= least:
        return passed("minimum_holdout", f"{rows} holdout rows reach minimum_holdout {least}")
    told = f"{rows} holdout rows are fewer than minimum_holdout {least}: label {least - rows} more"
    return lacking("minimum_holdout", told)


def no_level_left(look: Look, rows: int) -> str:
    """What to say where an epoch's looks are all taken."""
    return (
        f"epoch {look.epoch} has no error level left after {look.number - 1} looks: "
        f"label {rows_for_next_epoch(rows)} sampled rows to open the next"
    )


def _more_rows(found: Comparison, effect: float, look: Look) -> str:
    if effect < SMALLEST_GAIN:
        return ""
    more = rows_needed(found, effect, level=look.level) - found.rows
    if more <= 0:
        return ""
    return (
        f"; needs {more} more labelled holdout rows to show a gain of {effect:.3f} "
        f"with {POWER:.0%} power"
    )
