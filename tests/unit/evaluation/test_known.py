"""Rows that were scored before are put together with those that are scored now."""

from __future__ import annotations

import pytest

from dspyui_core import programs
from dspyui_core.evaluation import evaluate
from dspyui_core.metrics import create_exact_match_metric
from dspyui_core.records import ScoreCard, ScoreRow
from dspyui_core.testing import ScriptedLM, tiny_rows, tiny_spec

SPEC = tiny_spec()
ROWS = tiny_rows(24)
METRIC = create_exact_match_metric(SPEC.signature.outputs)
NUMBERS = {row.inputs["text"]: number for number, row in enumerate(ROWS)}


def lm() -> ScriptedLM:
    """Right on two rows in three, and in the wrong format on one in eight."""

    def said(question: str) -> object:
        number = NUMBERS[question]
        topic = ROWS[number - (number % 3 == 0)].labels["topic"]
        return "no format" if number % 8 == 7 else {"topic": topic}

    return ScriptedLM(rule=said)


def scored(asked: ScriptedLM, start: int = 0, stop: int = 24, **options: object) -> ScoreCard:
    return evaluate(
        programs.build(SPEC),
        ROWS[start:stop],
        METRIC,
        lm=asked,
        program_digest="p",
        dataset_version="d",
        split="holdout",
        metric_name="m",
        outputs=SPEC.signature.outputs,
        **options,
    )


def same(card: ScoreCard) -> ScoreCard:
    """The card without what a clock says."""
    rows = tuple(row.model_copy(update={"latency_ms": 0.0}) for row in card.rows)
    return card.model_copy(update={"rows": rows})


@pytest.mark.parametrize(("start", "stop"), [(0, 24), (5, 13), (0, 1), (23, 24), (9, 9)])
def test_the_card_is_the_same_whatever_was_known_of_it(start: int, stop: int) -> None:
    whole = scored(lm())
    known = {
        row.row_id: ScoreRow(**row.model_dump(exclude={"slices"}))
        for row in scored(lm(), start, stop).rows
    }
    asked = lm()

    card = scored(asked, known=known)

    assert same(card) == same(whole)
    assert set(asked.heard) == {row.inputs["text"] for row in (*ROWS[:start], *ROWS[stop:])}


def test_progress_counts_what_was_known() -> None:
    known = {row.row_id: row for row in scored(lm(), 0, 20).rows}
    told: list[tuple[int, int]] = []

    scored(lm(), known=known, on_progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (24, 24)
