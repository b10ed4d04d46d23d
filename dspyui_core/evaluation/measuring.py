"""Measuring: how long answers took and what they cost, those from the cache apart."""

from __future__ import annotations

from collections.abc import Sequence

from dspyui_core.records import Latency, ScoreCard

__all__ = ["latency_of", "usd_per_thousand"]


def latency_of(card: ScoreCard) -> Latency | None:
    """Median and 95th percentile, in ms, of the rows that the LM itself answered.

    The percentiles are of the nearest rank. None where every row came from the cache or failed.
    """
    known = sorted(row.latency_ms for row in card.rows if not row.cached and row.score is not None)
    return Latency(p50=_percentile(known, 50), p95=_percentile(known, 95)) if known else None


def usd_per_thousand(card: ScoreCard) -> float | None:
    """What a thousand answers cost in USD; None where a price is unknown or the cache answered.

    Rows that the cache answered cost nothing now, and would have: they are left out.
    """
    asked = [row for row in card.rows if not row.cached]
    prices = [row.usd for row in asked if row.usd is not None]
    if not asked or len(prices) < len(asked):
        return None
    return 1000 * sum(prices) / sum(row.repeats for row in asked)


def _percentile(ordered: Sequence[float], share: int) -> float:
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]
