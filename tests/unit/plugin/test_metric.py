"""Owns the proof of the example plugin's metric."""

from __future__ import annotations

import dspy
import pytest
from example_plugin.metric import Ordinal

from dspyui_core.errors import SpecError
from dspyui_core.fields import Field

SCALE = ("low", "normal", "high")


def score(label: str, answer: str) -> float:
    metric = Ordinal(Ordinal.Options(field="urgency", values=SCALE), [Field(name="urgency")])
    return metric(dspy.Example(urgency=label), dspy.Prediction(urgency=answer))


def test_the_further_off_on_the_scale_the_lower_the_score() -> None:
    assert [score("low", answer) for answer in SCALE] == [1.0, 0.5, 0.0]


def test_a_value_outside_the_scale_scores_nothing() -> None:
    assert score("low", "very low") == 0.0


def test_an_output_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SpecError, match="outputs: urgency"):
        Ordinal(Ordinal.Options(field="urgncy", values=SCALE), [Field(name="urgency")])
