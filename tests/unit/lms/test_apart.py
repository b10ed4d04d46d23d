"""What was used elsewhere is counted here once, and what is metered apart is not counted twice."""

from __future__ import annotations

import dspy

from dspyui_core.lms import Usage, count, metered, metered_apart, using_lm
from dspyui_core.testing import ScriptedLM


def ask() -> None:
    with using_lm(ScriptedLM(rule=lambda question: {"answer": "x"})):
        dspy.Predict("question -> answer")(question="?")


def test_calls_that_are_metered_apart_are_counted_by_that_meter_only() -> None:
    with metered() as outer:
        ask()
        with metered_apart() as apart:
            ask()
            ask()
        ask()

    assert (outer.calls, apart.calls) == (2, 2)


def test_usage_of_elsewhere_is_added_to_every_meter() -> None:
    with metered() as outer, metered() as inner:
        count(Usage(calls=3, usd=0.5))

    assert (outer.calls, inner.calls, inner.usd) == (3, 3, 0.5)


def test_an_unknown_price_of_elsewhere_makes_the_sum_unknown() -> None:
    with metered() as meter:
        count(Usage(calls=1, usd=None))

    assert meter.usd is None
