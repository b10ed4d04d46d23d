"""Macro F1: as scikit-learn defines it, with failed answers as wrong ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dspyui_core.evaluation import macro_f1
from dspyui_core.fields import Field
from dspyui_core.records import ScoreRow
from dspyui_core.testing import tiny_rows

TOPIC = [Field(name="topic", type="literal", values=("0", "1", "2"))]


def f1(labels: str, answers: str) -> float:
    """A dash is an answer that failed."""
    base = tiny_rows(1)[0]
    rows = [replace(base, labels={"topic": label}) for label in labels]
    scored = [
        ScoreRow(row_id="r", score=None, error="failed")
        if said == "-"
        else ScoreRow(row_id="r", score=float(said == label), prediction={"topic": said})
        for label, said in zip(labels, answers, strict=True)
    ]
    return macro_f1(rows, scored, TOPIC)["topic"]


def test_the_example_in_the_manual_of_scikit_learn() -> None:
    # sklearn.metrics.f1_score([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], average="macro")
    assert f1("012012", "021001") == pytest.approx(0.2666666666666667)


def test_a_rare_class_counts_as_much_as_a_common_one() -> None:
    # Class 0: 2*9/(9+10); class 1: 0.
    assert f1("0000000001", "0000000000") == pytest.approx((18 / 19 + 0) / 2)


def test_a_failed_answer_is_wrong_and_makes_no_class() -> None:
    # Class 0: 2*1/(2+1); class 1: 2*2/(2+2).
    assert f1("0011", "0-11") == pytest.approx((2 / 3 + 1) / 2)


def test_an_answer_that_no_label_has_is_a_class_that_was_never_found() -> None:
    assert f1("00", "02") == pytest.approx((2 / 3 + 0) / 2)


def test_all_right_is_one_and_all_failed_is_nought() -> None:
    assert (f1("012", "012"), f1("012", "---")) == (1.0, 0.0)


def test_only_literal_outputs_have_it() -> None:
    assert macro_f1(tiny_rows(1), [ScoreRow(row_id="r", score=1.0)], [Field(name="topic")]) == {}


def test_no_rows_have_none() -> None:
    assert macro_f1([], [], TOPIC) == {}
