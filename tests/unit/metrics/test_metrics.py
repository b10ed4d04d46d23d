"""Metrics: what counts as the same, how near texts are, and the user's own functions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from dspyui_core.errors import SpecError
from dspyui_core.fields import Field
from dspyui_core.metrics import (
    create_cosine_similarity_metric,
    create_exact_match_metric,
    create_metric,
)
from dspyui_core.spec import Choice

ANSWER = Field(name="answer")
NOTE = Field(name="note")


class Ticket(BaseModel):
    queue: str
    level: int


def exact(label: Any, answer: Any) -> float:
    metric = create_exact_match_metric((ANSWER,))
    return float(metric(dspy.Example(answer=label), dspy.Prediction(answer=answer)))


def similar(label: Any, answer: Any) -> float:
    metric = create_cosine_similarity_metric((ANSWER,))
    return float(metric(dspy.Example(answer=label), dspy.Prediction(answer=answer)))


@pytest.mark.parametrize(
    ("label", "answer"),
    [
        ("Lost Card", "  lost\ncard "),
        ("café", "cafe\u0301"),
        (3, 3.0),
        (["A", "b"], ["a", "B "]),
        ({"queue": "Cards", "level": 1}, Ticket(queue="cards", level=1)),
        ("", ""),
    ],
)
def test_exact_match_forgives_case_space_and_unicode_form(label: Any, answer: Any) -> None:
    assert exact(label, answer) == 1.0


@pytest.mark.parametrize(
    ("label", "answer"),
    [
        ("lost card", "lost cards"),
        ("card, lost", "card lost"),
        (3, 3.1),
        (3, "3"),
        (["a", "b"], ["b", "a"]),
        ({"queue": "cards"}, {"queue": "cards", "level": 1}),
        ("a", None),
    ],
)
def test_exact_match_forgives_nothing_else(label: Any, answer: Any) -> None:
    assert exact(label, answer) == 0.0


def test_exact_match_needs_every_compared_output() -> None:
    example = dspy.Example(answer="a", note="b")
    half_right = dspy.Prediction(answer="a", note="c")

    assert create_exact_match_metric((ANSWER, NOTE))(example, half_right) == 0.0
    assert create_exact_match_metric((ANSWER, NOTE), fields=("answer",))(example, half_right) == 1.0


@pytest.mark.parametrize("name", ["labels", "items", "keys", "values"])
@pytest.mark.parametrize(
    "create", [create_exact_match_metric, create_cosine_similarity_metric], ids=["exact", "cosine"]
)
def test_outputs_may_be_called_like_methods_of_a_prediction(name: str, create: Any) -> None:
    metric = create((Field(name=name),))

    score = metric(dspy.Example(**{name: "a tag"}), dspy.Prediction(**{name: "a tag"}))

    assert score == pytest.approx(1.0)


@given(st.text() | st.lists(st.text()) | st.integers() | st.none())
@settings(max_examples=30, deadline=None)
def test_anything_is_wholly_similar_to_itself(value: Any) -> None:
    assert similar(value, value) == pytest.approx(1.0)


@given(st.text(), st.text())
@settings(max_examples=30, deadline=None)
def test_similarity_is_a_score_and_has_no_direction(a: str, b: str) -> None:
    assert 0.0 <= similar(a, b) <= 1.0
    assert similar(a, b) == pytest.approx(similar(b, a))


def test_similarity_grows_with_what_is_shared() -> None:
    label = "we block your card today"

    scores = [similar(label, told) for told in ("good morning", "your card", "we block your card")]

    assert scores == sorted(scores)
    assert scores[0] < 0.2 < scores[1] < scores[2] < 1.0


def test_similarity_is_the_mean_over_the_outputs() -> None:
    metric = create_cosine_similarity_metric((ANSWER, NOTE))

    score = metric(
        dspy.Example(answer="same", note="zebra"), dspy.Prediction(answer="same", note="cloud")
    )

    assert score == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["exact_match", "similarity"])
def test_a_metric_over_an_output_that_does_not_exist_is_refused(name: str) -> None:
    choice = Choice(name=name, options={"fields": ["answr"]})

    with pytest.raises(SpecError, match=r"answr, which is no output.*outputs: answer"):
        create_metric(choice, (ANSWER,))


@pytest.fixture
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "own_metrics", raising=False)
    (tmp_path / "own_metrics.py").write_text(
        "NUMBER = 3\n"
        "def strict(example, prediction, trace=None, *, weight=1.0):\n"
        "    return weight * (example.answer == prediction.answer)\n"
        "def brief(example, prediction):\n"
        "    return 0.5\n"
    )
    return tmp_path


def test_a_users_own_function_is_called_with_its_options(own_code: Path) -> None:
    choice = Choice(name="python:own_metrics:strict", options={"weight": 0.25})

    metric = create_metric(choice, (ANSWER,), workspace=own_code)

    assert metric(dspy.Example(answer="a"), dspy.Prediction(answer="a")) == 0.25


def test_a_users_own_function_may_do_without_a_trace(own_code: Path) -> None:
    metric = create_metric(Choice(name="python:own_metrics:brief"), (ANSWER,), workspace=own_code)

    assert metric(dspy.Example(), dspy.Prediction()) == 0.5


@pytest.mark.parametrize(
    "choice",
    [
        Choice(name="python:own_metrics:NUMBER"),
        Choice(name="python:own_metrics:missing"),
        Choice(name="python:no_such_module:strict"),
        Choice(name="python:own_metrics:strict", options={"wieght": 1}),
        Choice(name="python:own_metrics:brief", options={"weight": 1}),
    ],
    ids=["no function", "no name", "no module", "no such option", "no options at all"],
)
def test_own_code_that_cannot_be_called_is_refused_before_any_row(
    choice: Choice, own_code: Path
) -> None:
    with pytest.raises(SpecError):
        create_metric(choice, (ANSWER,), workspace=own_code)
