"""Repeats: a noisy LM is asked several times past the cache; the row stays one row."""

from __future__ import annotations

from typing import Any

import pytest
from dspy import lm15

from dspyui_core import programs
from dspyui_core.evaluation import evaluate, latency_of, uncached, usd_per_thousand
from dspyui_core.lms.opening import configure_cache
from dspyui_core.metrics import create_exact_match_metric
from dspyui_core.records import ScoreCard, ScoreRow
from dspyui_core.testing import ScriptedLM, tiny_rows, tiny_spec

SPEC = tiny_spec()
ROW = tiny_rows(1)
RIGHT, WRONG = {"topic": "billing"}, {"topic": "account"}
AWAY = lm15.TimeoutError("too slow")


def scored(*lines: Any, repeats: int, lm: ScriptedLM | None = None) -> ScoreCard:
    return evaluate(
        programs.build(SPEC),
        ROW,
        create_exact_match_metric(SPEC.signature.outputs),
        lm=lm or ScriptedLM(*lines),
        program_digest="p",
        dataset_version="d",
        split="holdout",
        metric_name="m",
        outputs=SPEC.signature.outputs,
        repeats=repeats,
    )


def test_the_score_of_a_row_is_the_mean_of_its_answers_with_their_spread() -> None:
    (row,) = scored(RIGHT, WRONG, RIGHT, RIGHT, repeats=4).rows

    assert (row.score, row.repeats, row.calls) == (0.75, 4, 4)
    assert row.deviation == pytest.approx(0.5)
    assert row.prediction == RIGHT


def test_an_answer_that_failed_counts_as_nought_and_is_told() -> None:
    card = scored(RIGHT, AWAY, repeats=2)

    assert (card.rows[0].score, card.failed) == (0.5, 0)
    assert card.rows[0].error.startswith("1 of 2 answers failed: ")


def test_a_row_all_of_whose_answers_failed_has_failed() -> None:
    card = scored(AWAY, AWAY, repeats=2)

    assert (card.rows[0].score, card.failed) == (None, 1)
    assert "did not answer in time" in card.rows[0].error


def test_one_answer_has_no_spread() -> None:
    (row,) = scored(RIGHT, repeats=1).rows

    assert (row.repeats, row.deviation) == (1, 0.0)


def test_repeats_are_asked_past_the_cache() -> None:
    configure_cache(None)
    lm = ScriptedLM(rule=lambda question: RIGHT)
    lm.cache = True

    once = [scored(repeats=1, lm=lm) for _ in range(2)]
    heard = len(lm.heard)
    scored(repeats=3, lm=lm)

    assert (heard, len(lm.heard)) == (1, 4)
    assert [card.rows[0].cached for card in once] == [False, True]


def test_an_lm_past_the_cache_is_the_same_lm_and_leaves_the_first_as_it_was() -> None:
    lm = ScriptedLM(RIGHT)
    lm.cache = True

    assert uncached(lm).cache is False
    assert (uncached(lm).model, lm.cache) == (lm.model, True)


def card(*rows: dict[str, Any]) -> ScoreCard:
    made = [ScoreRow(**{"row_id": str(n), "score": 1.0, **row}) for n, row in enumerate(rows)]
    return ScoreCard(
        program_digest="p", dataset_version="d", split="holdout", metric="m", rows=tuple(made)
    )


def test_latency_is_of_the_rows_that_the_lm_itself_answered() -> None:
    fast = [{"latency_ms": 0.1, "cached": True}] * 50
    failed = {"latency_ms": 9000.0, "score": None}

    found = latency_of(card(*fast, failed, *({"latency_ms": float(n)} for n in range(1, 101))))

    assert found is not None
    assert (found.p50, found.p95) == (50.0, 95.0)


def test_where_only_the_cache_answered_time_and_price_are_unknown() -> None:
    cached = card({"cached": True, "latency_ms": 0.1})

    assert (latency_of(cached), usd_per_thousand(cached)) == (None, None)


def test_the_price_is_of_a_thousand_answers_and_unknown_where_one_is() -> None:
    known = card({"usd": 0.02, "repeats": 2}, {"usd": 0.0, "cached": True})

    assert usd_per_thousand(known) == pytest.approx(10.0)
    assert usd_per_thousand(card({"usd": 0.02}, {"usd": None})) is None
