"""A program whose LM takes 50 ms and is wrong on every fifth row; it fails on one in a hundred."""

from __future__ import annotations

import re
import time
from typing import Any

import dspy
from intents import LABELS, response

from dspyui_core.lms import MeteredLM

LM_SECONDS = 0.05
FAILS_EVERY = 100
ORDER = re.compile(r"order (\d+)")


def number_of(text: str) -> int:
    """The number of the last row in a text."""
    return int(ORDER.findall(text)[-1])


class Answers:
    """The engine of the LM; every process has its own, and nobody caches what it says."""

    usd_per_call = 0.0

    def complete(self, request: Any) -> Any:
        """Return the lm15.Response to an lm15.Request that ends with a row of `scaleout`."""
        time.sleep(LM_SECONDS)
        return response(request, number_of(request.messages[-1].text))


class Slow(dspy.Module):
    """One predictor that asks an LM of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = dspy.Predict(f"text: str -> intent: Literal{list(LABELS)}")

    def forward(self, text: str) -> dspy.Prediction:
        """The intent of a message."""
        if number_of(text) % FAILS_EVERY == FAILS_EVERY - 1:
            raise LookupError("no such order")
        lm = MeteredLM("benchmark/lm", engine=Answers(), cache=False, num_retries=0)
        with dspy.context(lm=lm):
            return self.answer(text=text)
