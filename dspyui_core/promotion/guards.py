"""The guardrails: what a better mean may not hide."""

from __future__ import annotations

from statistics import NormalDist

from dspyui_core.comparison import mcnemar
from dspyui_core.promotion.findings import Evidence, Finding, against, lacking, passed
from dspyui_core.records import SliceComparison
from dspyui_core.spec import PromotionSpec

__all__ = ["cost", "failures", "judge", "latency", "replay", "slices"]

_NORMAL = NormalDist()
# What production says against a candidate counts at the usual level: here nothing is promoted.
_AGAINST = 0.05


def slices(evidence: Evidence, policy: PromotionSpec) -> Finding | None:
    """No slice is shown to lose; with `max_slice_loss` each is shown to lose less than that.

    All slices together are judged at the policy's confidence (Bonferroni), or some slice of a
    dozen would look worse by chance in every third turn.
    """
    if not evidence.slices:
        return None
    share = (1 - policy.confidence) / 2
    wider = _NORMAL.inv_cdf(1 - share / len(evidence.slices)) / _NORMAL.inv_cdf(1 - share)
    ends = [(found, *_widened(found, wider)) for found in evidence.slices]
    worse = [_told(found) for found, _, high in ends if high < 0]
    if worse:
        return against("slices", f"shown to be worse in {_listed(worse)}")
    margin = policy.max_slice_loss
    unsure = [] if margin is None else [_told(found) for found, low, _ in ends if low < -margin]
    if unsure:
        told = f"not shown to lose less than max_slice_loss {margin:g} in {_listed(unsure)}"
        return lacking("slices", told)
    return passed("slices", f"none of {len(evidence.slices)} slices is shown to be worse")


def failures(evidence: Evidence, policy: PromotionSpec) -> Finding | None:
    """The candidate fails on few rows, or on no more than its opponent."""
    if not evidence.failed:
        return None
    rows, found = evidence.comparison.rows, evidence.comparison.opponent
    ours, theirs = evidence.failed.get("candidate", 0), evidence.failed.get(found, 0)
    told = f"{ours} of {rows} rows failed, {theirs} of the {found}'s"
    if ours > theirs and ours > policy.max_failures * rows:
        return against("failures", f"{told}: more than max_failures {policy.max_failures:g}")
    return passed("failures", told)


def cost(evidence: Evidence, policy: PromotionSpec) -> Finding | None:
    """An answer costs at most so many times as much as the opponent's."""
    if policy.max_cost is None:
        return None
    ours, theirs = evidence.usd.get("candidate"), evidence.usd.get(evidence.comparison.opponent)
    if ours is None or theirs is None:
        return lacking("cost", "a price is unknown, and max_cost is to be kept: set no max_cost")
    told = f"{ours:.4g} USD for 1,000 answers, the {evidence.comparison.opponent} {theirs:.4g}"
    if ours > policy.max_cost * theirs:
        return against("cost", f"{told}: more than max_cost {policy.max_cost:g} times")
    return passed("cost", told)


def latency(evidence: Evidence, policy: PromotionSpec) -> Finding | None:
    """Half of the answers take at most so many times as long as the opponent's."""
    if policy.max_latency is None:
        return None
    opponent = evidence.comparison.opponent
    ours, theirs = evidence.latency_ms.get("candidate"), evidence.latency_ms.get(opponent)
    if ours is None or theirs is None:
        return lacking("latency", "the cache answered every row: nothing was timed")
    told = f"answers take {ours.p50:.1f} ms at the median, the {opponent}'s {theirs.p50:.1f} ms"
    if ours.p50 > policy.max_latency * theirs.p50:
        return against("latency", f"{told}: more than max_latency {policy.max_latency:g} times")
    return passed("latency", told)


def replay(evidence: Evidence, policy: PromotionSpec) -> Finding | None:
    """On recent inputs of production users do not prefer what the champion says."""
    found = evidence.replay
    if found is None or not found.rows:
        return None
    told = (
        f"of {found.rows} recent inputs {found.changed} are answered otherwise: by what users said "
        f"{found.wins} better, {found.losses} worse"
    )
    if mcnemar(found.losses, found.wins) <= _AGAINST:
        return against("replay", told)
    return passed("replay", told)


def judge(evidence: Evidence, policy: PromotionSpec) -> Finding | None:
    """The LM judge that scored agrees with people."""
    return lacking("judge", evidence.judge) if evidence.judge else None


def _widened(found: SliceComparison, times: float) -> tuple[float, float]:
    """The slice's interval at the confidence that it needs among the others."""
    middle = found.difference
    return middle - times * (middle - found.low), middle + times * (found.high - middle)


def _told(found: SliceComparison) -> str:
    return f"{found.column} {found.value!r} ({found.difference:+.3f} on {found.rows} rows)"


def _listed(told: list[str]) -> str:
    return ", ".join(told)
