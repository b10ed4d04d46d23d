"""Spans: every module and LM call of an answer, nested, timed, metered, without secrets."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dspy
import pytest
from dspy import lm15

from dspyui_core.lms import Tracer, traced, using_lm
from dspyui_core.testing import ScriptedLM

SIGNATURE = "text: str -> topic: str"


def _spans(program: Any, lm: Any, **inputs: Any) -> list[dict[str, Any]]:
    with using_lm(lm), traced() as tracer:
        program(**inputs)
    return tracer.spans()


def test_an_answers_calls_are_nested_as_they_were_made() -> None:
    lm = ScriptedLM({"reasoning": "it says so", "topic": "billing"})

    spans = _spans(dspy.ChainOfThought(SIGNATURE), lm, text="my invoice")

    outer, inner, call = spans
    assert [(span["name"], span["type"]) for span in spans] == [
        ("ChainOfThought.forward", "CHAIN"),
        ("Predict.forward", "LLM"),
        ("ScriptedLM.__call__", "CHAT_MODEL"),
    ]
    assert [span["parent"] for span in spans] == [None, outer["id"], inner["id"]]
    assert outer["start_ns"] <= inner["start_ns"] <= call["start_ns"]
    assert call["end_ns"] <= inner["end_ns"] <= outer["end_ns"]


def test_a_span_holds_what_went_in_and_what_came_out() -> None:
    _, call = _spans(dspy.Predict(SIGNATURE), ScriptedLM({"topic": "billing"}), text="my invoice")
    module, _ = _spans(dspy.Predict(SIGNATURE), ScriptedLM({"topic": "billing"}), text="my invoice")

    assert (module["inputs"], module["outputs"]) == ({"text": "my invoice"}, {"topic": "billing"})
    assert "my invoice" in call["inputs"]["messages"][-1]["content"]
    assert "billing" in call["outputs"][0]
    assert call["attributes"]["model"] == "scripted/lm"
    assert call["attributes"]["prompt_tokens"] > 0
    assert call["attributes"]["usd"] == 0.0


def test_a_call_that_fails_says_why_and_its_callers_too() -> None:
    lm = ScriptedLM(lm15.TimeoutError("slow"))

    with using_lm(lm), traced() as tracer, pytest.raises(Exception, match="slow"):
        dspy.Predict(SIGNATURE)(text="x")

    assert [span["status"] for span in tracer.spans()] == ["ERROR", "ERROR"]
    assert "slow" in tracer.spans()[1]["message"]


def test_no_key_that_a_call_is_given_is_in_a_span() -> None:
    tracer = Tracer()
    lm = _PlainLM()
    lm.kwargs |= {"api_key": "sk-verysecret", "extra_headers": {"Authorization": "Bearer abc"}}
    given = {"config": {"api_key": "sk-verysecret", "n": 1}, "max_tokens": 5}

    tracer.on_module_start("a" * 32, dspy.Predict(SIGNATURE), {"kwargs": {"text": "x", **given}})
    tracer.on_lm_start("b" * 32, lm, {"kwargs": {"access_token": "verysecret", "max_tokens": 5}})

    module, call = tracer.spans()
    assert "verysecret" not in str(tracer.spans())
    assert "Bearer" not in str(tracer.spans())
    assert module["inputs"] == {"text": "x", "config": {"n": 1}, "max_tokens": 5}
    assert call["inputs"] == {"max_tokens": 5}


def test_two_answers_at_the_same_time_keep_their_spans_apart() -> None:
    def ask(text: str) -> list[dict[str, Any]]:
        return _spans(dspy.Predict(SIGNATURE), ScriptedLM({"topic": text}), text=text)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, "abcdefgh"))

    assert [[s["inputs"].get("text") for s in spans] for spans in found] == [
        [letter, None] for letter in "abcdefgh"
    ]


def test_an_async_program_has_its_spans_too() -> None:
    async def ask() -> Tracer:
        with using_lm(ScriptedLM({"topic": "billing"})), traced() as tracer:
            await dspy.Predict(SIGNATURE).acall(text="x")
        return tracer

    assert [span["type"] for span in asyncio.run(ask()).spans()] == ["LLM", "CHAT_MODEL"]


class _PlainLM(dspy.LM):
    """An LM that is not ours: its usage is in its own history."""

    def __init__(self) -> None:
        super().__init__("plain/lm", cache=False)


@pytest.mark.parametrize("cost", [0.25, None])
def test_a_plain_lm_tells_its_usage_by_its_history(cost: float | None) -> None:
    tracer = Tracer()
    lm = _PlainLM()
    outputs = ["[[ ## topic ## ]]\nbilling"]
    usage = {"prompt_tokens": 7, "completion_tokens": 3}

    tracer.on_lm_start("a" * 32, lm, {"messages": []})
    lm.history.append({"outputs": outputs, "usage": usage, "cost": cost})
    tracer.on_lm_end("a" * 32, outputs)

    (span,) = tracer.spans()
    assert (span["attributes"]["prompt_tokens"], span["attributes"]["usd"]) == (7, cost)
    assert (tracer.calls, tracer.tokens, tracer.usd) == (1, 10, cost)


def test_a_plain_lm_that_keeps_no_history_has_no_known_price() -> None:
    tracer = Tracer()

    tracer.on_lm_start("a" * 32, _PlainLM(), {"messages": []})
    tracer.on_lm_end("a" * 32, ["x"])

    assert (tracer.calls, tracer.usd) == (1, None)


def test_a_tool_has_a_span_and_the_word_that_ends_an_agent_has_none() -> None:
    tool = dspy.Tool(lambda city: f"rain in {city}", name="weather")
    finish = dspy.Tool(lambda: "done", name="finish")

    with traced() as tracer:
        tool(city="Utrecht")
        finish()

    assert [(span["name"], span["type"]) for span in tracer.spans()] == [("Tool.weather", "TOOL")]
