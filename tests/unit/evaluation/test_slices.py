"""Slices: by label, by length, by metadata; small ones together, each compared on its own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dspyui_core.comparison import compare
from dspyui_core.evaluation import OTHER, compare_slices, score_slices, slices_of
from dspyui_core.fields import Field
from dspyui_core.records import ScoreCard, ScoreRow
from dspyui_core.testing import tiny_rows, tiny_spec

ROW = tiny_rows(1)[0]
OUTPUTS = tiny_spec().signature.outputs


def card(scores: Sequence[float | None], **slices: Sequence[str]) -> ScoreCard:
    rows = tuple(
        ScoreRow(
            row_id=str(number),
            score=score,
            slices={name: values[number] for name, values in slices.items() if values[number]},
        )
        for number, score in enumerate(scores)
    )
    return ScoreCard(
        program_digest="p", dataset_version="d", split="holdout", metric="m", rows=rows
    )


def test_a_row_is_sliced_by_its_label_its_length_and_its_metadata() -> None:
    row = replace(ROW, slices={"channel": "mail"})

    assert slices_of(row, OUTPUTS) == {
        "topic": "billing",
        "input length": "under 50",
        "channel": "mail",
    }


@pytest.mark.parametrize(
    ("length", "bucket"),
    [
        (1, "under 50"),
        (49, "under 50"),
        (50, "50 to 199"),
        (199, "50 to 199"),
        (200, "200 to 999"),
        (999, "200 to 999"),
        (1000, "1000 and more"),
    ],
)
def test_the_buckets_of_length_are_fixed(length: int, bucket: str) -> None:
    row = replace(ROW, inputs={"text": "x" * length})

    assert slices_of(row, ())["input length"] == bucket


def test_a_text_output_makes_no_slices_and_a_truth_value_does() -> None:
    row = replace(ROW, labels={"reply": "hello", "urgent": True})

    found = slices_of(row, [Field(name="reply"), Field(name="urgent", type="bool")])

    assert found == {"urgent": "true", "input length": "under 50"}


def test_each_slice_has_its_own_mean_and_the_largest_comes_first() -> None:
    found = score_slices(card([1.0] * 12 + [None] * 4 + [0.5] * 10, c=["a"] * 12 + ["b"] * 14))

    assert [(s.value, s.rows, s.failed) for s in found] == [("b", 14, 4), ("a", 12, 0)]
    assert [s.score for s in found] == [pytest.approx(5 / 14), 1.0]


def test_values_of_fewer_than_ten_rows_are_taken_together() -> None:
    values = ["large"] * 10 + ["rare"] * 6 + ["rarer"] * 3

    found = score_slices(card([1.0] * 19, c=values))

    assert [(s.value, s.rows) for s in found] == [("large", 10), (OTHER, 9)]


def test_a_column_of_one_value_says_nothing_new() -> None:
    assert score_slices(card([1.0] * 12, c=["a"] * 12)) == ()


def test_a_row_without_a_value_is_in_no_slice_of_that_column() -> None:
    values = ["a"] * 10 + ["b"] * 10 + [""] * 5

    assert sum(s.rows for s in score_slices(card([1.0] * 25, c=values))) == 20


def test_a_slice_is_compared_on_its_own_rows_whatever_their_order() -> None:
    values = ["a"] * 20 + ["b"] * 20
    opponent = card([0.0] * 20 + [1.0] * 20, c=values)
    candidate = card([1.0] * 40, c=values)
    shuffled = candidate.model_copy(update={"rows": candidate.rows[::-1]})

    found = compare_slices(opponent, shuffled)

    alone = compare(card([0.0] * 20), card([1.0] * 20), name="x")
    assert [(s.value, s.rows, s.difference) for s in found] == [("a", 20, 1.0), ("b", 20, 0.0)]
    assert (found[0].low, found[0].high) == (alone.low, alone.high)


def test_of_too_few_rows_nothing_is_compared() -> None:
    values = ["a"] * 12 + ["b"] * 4

    found = compare_slices(card([0.0] * 16, c=values), card([1.0] * 16, c=values))

    assert [s.value for s in found] == ["a"]
