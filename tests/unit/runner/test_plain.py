"""Recorded values are plain JSON whatever they were, and spans stay within their limit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from dspyui_core.runner.plain import fitted, plain


class Place(BaseModel):
    city: str = Field(alias="town")


@dataclass
class Size:
    width: int


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Place(town="Utrecht"), {"city": "Utrecht"}),
        (Size(3), {"width": 3}),
        (dspy.Prediction(topic="billing"), {"topic": "billing"}),
        (datetime(2025, 1, 1, tzinfo=UTC), "2025-01-01T00:00:00Z"),
        ((1, {2}), [1, [2]]),
        (float("nan"), None),
        (2**70, 2**70),
        ("half \ud800", "half ?"),
        (Unspeakable(), "<Unspeakable: RuntimeError>"),
    ],
)
def test_what_json_has_no_word_for_is_put_into_some(value: Any, told: Any) -> None:
    assert plain({"it": value}) == {"it": told}


def test_an_iterator_is_recorded_unread() -> None:
    numbers = iter([1, 2])

    assert "iterator" in plain({"numbers": numbers})["numbers"]
    assert list(numbers) == [1, 2]


def test_a_circle_is_cut_and_the_rest_of_its_value_kept() -> None:
    circle: dict[str, Any] = {"name": "ring"}
    circle["self"] = circle

    assert plain(circle)["name"] == "ring"


def test_the_record_is_a_copy() -> None:
    inputs = {"tags": ["a"]}

    kept = plain(inputs)
    inputs["tags"].append("b")

    assert kept == {"tags": ["a"]}


def _span(**content: Any) -> dict[str, Any]:
    return {"name": "n", "id": "a" * 16, "parent": None, "start_ns": 1, "end_ns": 2, **content}


def test_spans_that_fit_are_kept_whole() -> None:
    spans = [_span(inputs={"text": "x" * 900})]

    assert json.loads(fitted(spans, 2000) or "") == spans


def test_long_texts_are_clipped_first_and_the_span_says_so() -> None:
    spans = [_span(inputs={"text": "x" * 9000}), _span(inputs={"text": "short"})]

    long, short = json.loads(fitted(spans, 6000) or "")

    assert len(long["inputs"]["text"]) == 4000
    assert long["clipped"] is True
    assert short == spans[1]


def test_contents_go_before_the_shape_does() -> None:
    spans = [_span(inputs={f"f{n}": "x" * 200 for n in range(50)}) for _ in range(3)]

    found = json.loads(fitted(spans, 1000) or "")

    assert [(span["clipped"], "inputs" in span) for span in found] == [(True, False)] * 3


@pytest.mark.parametrize(("spans", "limit"), [([], 1000), ([_span()], 0)])
def test_no_spans_and_no_room_are_nothing(spans: list[dict[str, Any]], limit: int) -> None:
    assert fitted(spans, limit) is None


@given(
    texts=st.lists(st.text(max_size=3000), max_size=8),
    limit=st.integers(1, 20_000),
)
def test_spans_are_never_longer_than_their_limit_and_always_json(
    texts: list[str], limit: int
) -> None:
    text = fitted([_span(inputs={"text": text}) for text in texts], limit)

    if text is not None:
        assert len(text.encode()) <= limit
        assert len(json.loads(text)) <= len(texts)
