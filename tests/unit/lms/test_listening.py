"""A meter hears what it counts; DSPy's own callbacks go on hearing everything."""

from __future__ import annotations

import inspect

import dspy
import pytest
from dspy.utils.callback import BaseCallback

from dspyui_core.lms import Meter, using_lm
from dspyui_core.testing import ScriptedLM


class Ear(BaseCallback):
    """Somebody else's callback, of whom every adapter is heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_adapter_format_start(self, call_id: str, instance: object, inputs: object) -> None:
        self.heard.append("format")

    def on_adapter_parse_start(self, call_id: str, instance: object, inputs: object) -> None:
        self.heard.append("parse")


def _answer(meter: Meter) -> str:
    with using_lm(ScriptedLM({"topic": "billing"}), meter=meter):
        return str(dspy.Predict("text -> topic")(text="my bill").topic)


def test_a_meter_alone_leaves_answers_and_counts_as_they_are() -> None:
    meter = Meter()

    assert _answer(meter) == "billing"
    assert meter.calls == 1


def test_who_listens_to_adapters_goes_on_hearing_them() -> None:
    ear, meter = Ear(), Meter()

    with dspy.context(callbacks=[ear]):
        assert _answer(meter) == "billing"

    assert ear.heard == ["format", "parse"]
    assert meter.calls == 1


@pytest.mark.parametrize("adapter", [dspy.JSONAdapter(), dspy.ChatAdapter()])
def test_an_adapter_that_somebody_chose_stays(adapter: dspy.Adapter) -> None:
    with dspy.context(adapter=adapter), using_lm(None, meter=Meter()):
        assert dspy.settings.adapter is adapter


def test_the_signatures_that_are_kept_are_those_of_the_functions() -> None:
    _answer(Meter())

    for called in (dspy.Module.__call__, dspy.BaseLM.__call__):
        function = called.__wrapped__
        kept = function.__signature__
        del function.__signature__
        assert kept == inspect.signature(function)
        function.__signature__ = kept
