"""Meters: what counts, what it costs, and that nesting and threads lose nothing."""

from __future__ import annotations

from typing import Any

import dspy
import pytest
from dspy import lm15

from dspyui_core.lms import EMBEDDED_LM, Meter, MeteredLM, Usage, metered, open_lm, using_lm


class ScriptedEngine:
    """Answers every request with one text, or raises."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer

    def complete(self, request: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return lm15.Response(
            id=None,
            model=request.model,
            message=lm15.Message.assistant(self.answer),
            finish_reason="stop",
            usage=lm15.Usage(input_tokens=10, output_tokens=3),
        )


def scripted(answer: str | Exception, **options: Any) -> MeteredLM:
    return MeteredLM("scripted/lm", engine=ScriptedEngine(answer), cache=False, **options)


def entry(cost: float | None, **usage: int) -> dict[str, Any]:
    return {"usage": usage, "cost": cost}


def test_tokens_are_counted_and_an_unknown_price_makes_the_sum_unknown() -> None:
    with metered(scripted("[[ ## b ## ]]\nyes")) as meter:
        dspy.Predict("a -> b")(a="?")

    assert meter.snapshot() == Usage(
        calls=1, failures=0, prompt_tokens=10, completion_tokens=3, usd=None
    )
    assert (meter.calls, meter.tokens, meter.usd) == (1, 13, None)


def test_known_prices_add_up() -> None:
    lm = scripted("unused")

    with metered(lm) as meter:
        lm.update_history(entry(0.25, prompt_tokens=4, completion_tokens=1))
        lm.update_history(entry(0.5, prompt_tokens=6, completion_tokens=2))

    assert meter.usd == 0.75
    assert meter.tokens == 13


def test_a_cached_answer_costs_nothing_whatever_it_once_cost() -> None:
    lm = scripted("unused")

    with metered(lm) as meter:
        lm.update_history(entry(0.25))

    assert meter.usd == 0.0


def test_neither_usage_nor_price_means_that_the_price_is_unknown() -> None:
    lm = scripted("unused")

    with metered(lm) as meter:
        lm.update_history(entry(None))

    assert meter.usd is None


def test_a_call_that_raises_is_counted_as_a_failure() -> None:
    lm = scripted(lm15.ServerError("down"), num_retries=0)

    with metered(lm) as meter, pytest.raises(dspy.utils.exceptions.LMServerError):
        dspy.Predict("a -> b")(a="?")

    assert meter.snapshot() == Usage(calls=1, failures=1)


def test_an_inner_meter_counts_its_block_and_the_outer_one_everything() -> None:
    program = dspy.Predict("a -> b")
    with metered(open_lm(EMBEDDED_LM, cache_dir=None)) as outer:
        program(a="one")
        with metered() as inner:
            program(a="two")
        program(a="three")

    assert (inner.calls, outer.calls) == (1, 3)
    assert 0 < inner.tokens < outer.tokens


def test_a_meter_of_ones_own_goes_on_over_several_blocks() -> None:
    meter = Meter()
    for text in ("one", "two"):
        with using_lm(open_lm(EMBEDDED_LM, cache_dir=None), meter=meter):
            dspy.Predict("a -> b")(a=text)

    assert meter.calls == 2


def test_calls_in_the_threads_of_dspy_parallel_are_all_counted() -> None:
    program = dspy.Predict("a -> b")
    rows = [(program, dspy.Example(a=str(number)).with_inputs("a")) for number in range(20)]

    with metered(open_lm(EMBEDDED_LM, cache_dir=None)) as meter:
        dspy.Parallel(num_threads=4, disable_progress_bar=True)(rows)

    assert meter.calls == 20
    assert meter.tokens > 0


def test_a_copy_of_the_lm_is_metered_too() -> None:
    lm = open_lm(EMBEDDED_LM, cache_dir=None).copy(rollout_id=3, temperature=1.0)

    with metered(lm) as meter:
        dspy.Predict("a -> b")(a="?")

    assert (meter.calls, meter.usd) == (1, 0.0)


def test_an_lm_of_another_class_is_counted_at_an_unknown_price() -> None:
    lm = dspy.LM("scripted/lm", engine=ScriptedEngine("[[ ## b ## ]]\nyes"), cache=False)

    with metered(lm) as meter:
        dspy.Predict("a -> b")(a="?")

    assert (meter.calls, meter.usd) == (1, None)


def test_no_prompt_is_kept_anywhere() -> None:
    from dspy.clients.base_lm import GLOBAL_HISTORY

    lm, program, kept = open_lm(EMBEDDED_LM, cache_dir=None), dspy.Predict("a -> b"), []
    kept.append(len(GLOBAL_HISTORY))

    with using_lm(lm):
        program(a="a secret")

    assert (lm.history, program.history, len(GLOBAL_HISTORY)) == ([], [], kept[0])


def test_usage_adds_up_and_an_unknown_price_stays_unknown() -> None:
    known = Usage(calls=1, prompt_tokens=2, usd=0.5)

    assert known + known == Usage(calls=2, prompt_tokens=4, usd=1.0)
    assert (known + Usage(usd=None)).usd is None
