"""The path of a production LM: dspy.LM over HTTP to an OpenAI-compatible server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import dspy
import pytest

from dspyui_core.compiler import compile_program
from dspyui_core.errors import LMError
from dspyui_core.lms import EMBEDDED_LM, Usage, lm_errors, metered, open_lm, using_lm
from dspyui_core.testing import tiny_rows, tiny_spec
from support.openai_server import (
    Broken,
    OpenAIServer,
    RateLimited,
    Reply,
    Slow,
    Step,
    embedded_answer,
)

KEY = "sk-loopback-0123456789"
GOOD = Reply(embedded_answer)
ANSWER = "[[ ## label ## ]]\nrefund\n\n[[ ## completed ## ]]"
LABELS = Literal["refund", "lost card"]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A key in the environment, no proxy on the way, and a cache of the test's own."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delitem(vars(dspy), "cache", raising=False)
    yield
    vars(dspy).pop("cache", None)


def ask(text: str = "Send my money back, a refund please", **demos: Any) -> str:
    signature = dspy.Signature("text -> label", "Sort.").with_updated_fields("label", type_=LABELS)
    return str(dspy.Predict(signature, **demos)(text=text).label)


def outcome(script: list[Step], **settings: Any) -> tuple[str | LMError, Usage, int]:
    """Ask once against a server with `script`: answer or error, usage, requests received."""
    with OpenAIServer(script) as server:
        lm = open_lm("openai/test-model", cache_dir=None, api_base=server.address, **settings)
        with metered(lm) as meter:
            try:
                with lm_errors():
                    answer: str | LMError = ask()
            except LMError as error:
                answer = error
        return answer, meter.snapshot(), len(server.received)


def test_a_good_answer_arrives_with_its_usage_and_an_unknown_price() -> None:
    answer, usage, requests = outcome([Reply(ANSWER)])

    assert (answer, requests) == ("refund", 1)
    assert (usage.calls, usage.failures, usage.usd) == (1, 0, None)
    assert usage.completion_tokens == len(ANSWER.split())
    assert usage.prompt_tokens > 50


def test_the_request_carries_the_key_of_the_environment_and_the_settings() -> None:
    with OpenAIServer([GOOD]) as server:
        lm = open_lm(
            "openai/test-model",
            cache_dir=None,
            api_base=server.address,
            temperature=0.5,
            max_tokens=64,
        )
        with using_lm(lm):
            ask()
        received = server.received[0]

    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.body["model"] == "test-model"
    assert received.body["temperature"] == 0.5
    assert received.body["max_completion_tokens"] == 64
    assert KEY not in str(lm.dump_state())


def test_a_rate_limit_is_waited_out() -> None:
    answer, usage, requests = outcome([RateLimited(), RateLimited(), GOOD])

    assert (answer, requests) == ("refund", 3)
    assert (usage.calls, usage.failures) == (1, 0)


def test_a_rate_limit_without_end_becomes_an_error() -> None:
    error, usage, requests = outcome([RateLimited()], num_retries=2)

    assert isinstance(error, LMError)
    assert "is rate limited (HTTP 429)" in str(error)
    assert requests == 3
    assert (usage.calls, usage.failures) == (1, 1)


def test_a_timeout_is_tried_again() -> None:
    answer, _, requests = outcome([Slow(30), GOOD], timeout=0.3, num_retries=1)

    assert (answer, requests) == ("refund", 2)


def test_a_timeout_without_end_becomes_an_error_that_may_be_retried() -> None:
    error, usage, requests = outcome([Slow(30)], timeout=0.2, num_retries=1)

    assert isinstance(error, LMError)
    assert error.retryable
    assert "did not answer in time" in str(error)
    assert requests == 2
    assert usage.failures == 1


@pytest.mark.parametrize(
    ("step", "said", "requests"),
    [
        (Broken(500, '{"error": {"message": "boom"}}'), "failed at its provider (HTTP 500)", 1),
        (Broken(200, "<html>no JSON"), "is not JSON", 1),
        (Broken(401, f'{{"error": {{"message": "wrong key {KEY}"}}}}'), "refused the API key", 1),
        # DSPy asks once more with its JSON adapter before it gives up on a format.
        (Reply("I would say a refund"), "answered in the wrong format", 2),
        (Reply(ANSWER.replace("refund", "nonsense")), "answered in the wrong format", 2),
    ],
)
def test_a_broken_answer_becomes_an_error_without_the_key(
    step: Step, said: str, requests: int
) -> None:
    error, usage, received = outcome([step], num_retries=0)

    assert isinstance(error, LMError)
    assert said in str(error)
    assert KEY not in str(error)
    assert "loopback" not in str(error)
    assert received == requests == usage.calls


def test_a_broken_answer_is_mended_by_the_second_format() -> None:
    answer, usage, _ = outcome([Reply("no format at all"), GOOD])

    assert answer == "refund"
    assert usage.calls == 2


def test_a_server_that_is_not_there_becomes_an_error() -> None:
    with OpenAIServer() as server:
        address = server.address

    lm = open_lm("openai/x", cache_dir=None, api_base=address, num_retries=0)
    with pytest.raises(LMError, match="could not be reached"), lm_errors(), using_lm(lm):
        ask()


def test_a_known_price_is_counted_once_and_a_cached_answer_is_free(tmp_path: Path) -> None:
    with OpenAIServer([GOOD]) as server:
        lm = open_lm("openai/gpt-4o-mini", cache_dir=tmp_path, api_base=server.address)
        with metered(lm) as first:
            ask()
        vars(dspy).pop("cache")
        again = open_lm("openai/gpt-4o-mini", cache_dir=tmp_path, api_base=server.address)
        with metered(again) as second:
            ask()
        requests = len(server.received)

    assert requests == 1
    assert first.usd is not None
    assert 0 < first.usd < 0.01
    assert second.snapshot() == Usage(calls=1)


@pytest.mark.parametrize("name", ["openai/test-model", "custom_openai/test-model"])
def test_two_servers_that_call_their_lm_alike_share_no_answers(tmp_path: Path, name: str) -> None:
    lost = ANSWER.replace("refund", "lost card")
    with OpenAIServer([Reply(ANSWER)]) as first, OpenAIServer([Reply(lost)]) as second:
        heard = []
        for server in (first, second, first):
            with using_lm(open_lm(name, cache_dir=tmp_path, api_base=server.address)):
                heard.append(ask())
        requests = [len(first.received), len(second.received)]

    assert heard == ["refund", "lost card", "refund"]
    assert requests == [1, 1]


def test_litellm_carries_the_names_that_dspy_does_not_know_itself() -> None:
    with OpenAIServer([RateLimited(), GOOD]) as server:
        lm = open_lm("custom_openai/test-model", cache_dir=None, api_base=server.address)
        with metered(lm) as meter:
            answer = ask()
        requests = len(server.received)

    assert (answer, requests) == ("refund", 2)
    assert (meter.calls, meter.usd) == (1, None)
    assert meter.tokens > 50


def test_the_embedded_lm_behind_http_answers_as_it_does_in_process() -> None:
    text = "my card is lost"
    with OpenAIServer([GOOD]) as server:
        lm = open_lm("openai/test-model", cache_dir=None, api_base=server.address)
        with metered(lm):
            remote = ask(text)
    with using_lm(open_lm(EMBEDDED_LM, cache_dir=None)):
        local = ask(text)

    assert remote == local == "lost card"


def _compile_with(server_address: str) -> None:
    spec = tiny_spec(
        lm={"name": "openai/test-model", "api_base": server_address},
        optimizer={"name": "knn_few_shot", "options": {"k": 2}},
    )
    rows = tiny_rows(36)
    lm = open_lm("openai/test-model", cache_dir=None, api_base=server_address, num_retries=0)
    compile_program(spec, rows[:24], rows[24:], lm=lm)


def test_a_compile_asks_an_lm_that_refuses_everything_only_once() -> None:
    with OpenAIServer([Broken(401, '{"error": {"message": "no such key"}}')]) as server:
        with pytest.raises(LMError, match="refused the API key"):
            _compile_with(server.address)

        assert len(server.received) == 1


def test_a_compile_goes_on_after_one_answer_in_the_wrong_format() -> None:
    with OpenAIServer([Reply("no format"), Reply("no format"), GOOD]) as server:
        _compile_with(server.address)

        assert len(server.received) > 3
