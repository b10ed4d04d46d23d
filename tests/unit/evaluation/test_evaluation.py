"""Evaluation: one row each, in order; whatever fails fails alone."""

from __future__ import annotations

import threading
from typing import Any

import dspy
import pytest
from dspy import lm15
from pydantic import BaseModel

from dspyui_core import programs
from dspyui_core.evaluation import evaluate, outputs_of
from dspyui_core.lms import MeteredLM
from dspyui_core.metrics import Metric, create_exact_match_metric
from dspyui_core.records import ScoreCard
from dspyui_core.testing import ScriptedLM, tiny_rows, tiny_spec

SPEC = tiny_spec()
ROWS = tiny_rows(12)
EXACT = create_exact_match_metric(SPEC.signature.outputs)
TOLD = {row.inputs["text"]: row.labels["topic"] for row in ROWS}


def knowing() -> ScriptedLM:
    return ScriptedLM(rule=lambda question: {"topic": TOLD[question]})


def scored(
    lm: MeteredLM, *, metric: Metric = EXACT, program: dspy.Module | None = None, **options: Any
) -> ScoreCard:
    return evaluate(
        program or programs.build(SPEC),
        ROWS,
        metric,
        lm=lm,
        program_digest="p",
        dataset_version="d",
        split="holdout",
        metric_name="m",
        **options,
    )


@pytest.mark.parametrize("threads", [1, 8])
def test_every_row_is_scored_in_order_with_its_prediction_and_cost(threads: int) -> None:
    card = scored(knowing(), threads=threads)

    assert [row.row_id for row in card.rows] == [row.row_id for row in ROWS]
    assert [row.prediction["topic"] for row in card.rows] == [row.labels["topic"] for row in ROWS]
    assert {(row.score, row.error, row.calls, row.usd) for row in card.rows} == {(1.0, "", 1, 0.0)}
    assert (card.mean, card.failed) == (1.0, 0)


def test_an_lm_that_fails_on_one_row_fails_that_row_only() -> None:
    victim = ROWS[5].inputs["text"]
    lm = ScriptedLM(
        rule=lambda q: lm15.TimeoutError("too slow") if q == victim else {"topic": TOLD[q]}
    )

    card = scored(lm, threads=4)

    assert [row.score for row in card.rows] == [1.0] * 5 + [None] + [1.0] * 6
    assert "did not answer in time" in card.rows[5].error
    assert (card.failed, card.mean) == (1, pytest.approx(11 / 12))
    assert (card.rows[5].calls, card.rows[5].cached) == (1, False)


def test_an_answer_that_does_not_parse_is_a_failed_row() -> None:
    lm = ScriptedLM(
        "no fields here", "none here either", rule=lambda question: {"topic": TOLD[question]}
    )

    card = scored(lm)

    assert "wrong format" in card.rows[0].error
    assert card.failed == 1


def test_a_metric_that_raises_on_some_rows_fails_those_rows_only() -> None:
    def moody(example: Any, prediction: Any, trace: Any = None) -> float:
        if example.topic == "billing":
            raise KeyError("no such thing")
        return 0.5

    card = scored(knowing(), metric=moody)

    failed = [row for row in card.rows if row.score is None]
    assert len(failed) == sum(row.labels["topic"] == "billing" for row in ROWS) == 4
    assert {row.error for row in failed} == {"the metric raised KeyError: 'no such thing'"}
    assert all(row.prediction for row in failed)
    assert {row.score for row in card.rows} == {None, 0.5}


@pytest.mark.parametrize("value", [1.0001, -0.1, 100, float("nan"), float("inf"), None, "high"])
def test_a_score_that_is_no_share_is_a_failed_row(value: Any) -> None:
    card = scored(knowing(), metric=lambda example, prediction, trace=None: value)

    assert card.failed == len(ROWS)
    assert all(row.error.startswith("the metric ") for row in card.rows)


@pytest.mark.parametrize(("value", "score"), [(True, 1.0), (False, 0.0), (1, 1.0)])
def test_a_truth_value_is_a_score(value: Any, score: float) -> None:
    card = scored(knowing(), metric=lambda example, prediction, trace=None: value)

    assert {row.score for row in card.rows} == {score}


class Returning(dspy.Module):
    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result

    def forward(self, text: str) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def test_a_program_that_returns_no_prediction_is_named_in_every_row() -> None:
    card = scored(knowing(), program=Returning(None))

    assert card.failed == len(ROWS)
    assert "the program returned a NoneType, not a dspy.Prediction" in card.rows[0].error


def test_a_prediction_without_the_output_is_a_failed_row() -> None:
    card = scored(knowing(), program=Returning(dspy.Prediction(other="x")))

    assert card.failed == len(ROWS)
    assert card.rows[0].prediction == {"topic": None}


def test_errors_are_one_line_and_hold_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret-value")

    card = scored(knowing(), program=Returning(ValueError("key very-secret-value\nsecond line")))

    assert card.rows[0].error == "ValueError: key ***"


def test_rows_run_at_the_same_time_up_to_the_number_of_threads() -> None:
    together = threading.Barrier(4, timeout=5)

    def rule(question: str) -> dict[str, str]:
        together.wait()
        return {"topic": TOLD[question]}

    assert scored(ScriptedLM(rule=rule), threads=4).failed == 0


def test_progress_ends_with_all_rows() -> None:
    told: list[tuple[int, int]] = []

    scored(knowing(), on_progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (12, 12)


class Ticket(BaseModel):
    tags: tuple[str, ...]


def test_outputs_are_plain_json_also_under_names_that_dspy_uses() -> None:
    prediction = dspy.Prediction(ticket=Ticket(tags=("a",)), items=[Ticket(tags=())], labels=3)

    found = outputs_of(prediction, ("ticket", "items", "labels", "keys"))

    assert found == {"ticket": {"tags": ["a"]}, "items": [{"tags": []}], "labels": 3, "keys": None}
