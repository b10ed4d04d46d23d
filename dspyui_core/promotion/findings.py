"""What rules look at, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from dspyui_core.records import Comparison, Latency, Look, Record, Replay, SliceComparison
from dspyui_core.spec import PromotionSpec

__all__ = ["Evidence", "Finding", "Rule", "against", "lacking", "passed"]


class Evidence(Record):
    """What a decision rests on.

    `failed` rows, median and 95 % `latency_ms` and `usd` for 1,000 answers are by role: baseline,
    champion, candidate; None where they are unknown. `judge` says why the LM judge that scored is
    not to be trusted, and is empty where it is, or none scored.
    """

    comparison: Comparison
    look: Look
    slices: tuple[SliceComparison, ...] = ()
    failed: Mapping[str, int] = Field(default_factory=dict)
    latency_ms: Mapping[str, Latency | None] = Field(default_factory=dict)
    usd: Mapping[str, float | None] = Field(default_factory=dict)
    replay: Replay | None = None
    judge: str = ""


class Finding(Record):
    """What one rule says: `pass`, `refuse`, or that the evidence does not suffice."""

    rule: str
    verdict: Literal["pass", "refuse", "inconclusive"]
    reason: str


# None where a rule has nothing to look at.
Rule: TypeAlias = Callable[[Evidence, PromotionSpec], Finding | None]


def passed(rule: str, reason: str) -> Finding:
    """The rule is kept."""
    return Finding(rule=rule, verdict="pass", reason=reason)


def against(rule: str, reason: str) -> Finding:
    """The rule is broken."""
    return Finding(rule=rule, verdict="refuse", reason=reason)


def lacking(rule: str, reason: str) -> Finding:
    """Nobody can tell yet."""
    return Finding(rule=rule, verdict="inconclusive", reason=reason)
