"""Opening LMs: names, the cache, and what never leaves in an error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dspy
import pytest
from dspy.utils import exceptions as raised

from dspyui_core.errors import LMError
from dspyui_core.lms import EMBEDDED_LM, as_lm_error, lm_errors, open_lm, using_lm
from dspyui_core.lms.opening import CACHE_BYTES

KEY = "sk-proj-0123456789abcdef"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts without DSPy's cache of this process and leaves none behind."""
    monkeypatch.delitem(vars(dspy), "cache", raising=False)
    monkeypatch.delenv("LITELLM_LOCAL_MODEL_COST_MAP", raising=False)
    yield
    vars(dspy).pop("cache", None)


def test_the_embedded_lm_has_no_cache_and_makes_none() -> None:
    lm = open_lm(EMBEDDED_LM, cache_dir=Path("never-made"))

    assert lm.cache is False
    assert "cache" not in vars(dspy)


def test_other_lms_take_their_settings_and_a_bounded_cache(tmp_path: Path) -> None:
    lm = open_lm("openai/some-lm", cache_dir=tmp_path, timeout=7, num_retries=2, max_tokens=50)

    assert (lm.model, lm.num_retries) == ("openai/some-lm", 2)
    assert (lm.kwargs["timeout"], lm.kwargs["max_tokens"]) == (7, 50)
    assert dspy.cache.disk_cache_dir == str(tmp_path)
    assert dspy.cache.disk_cache.size_limit * 16 == pytest.approx(CACHE_BYTES, rel=0.01)


def test_without_a_folder_the_cache_is_in_memory() -> None:
    open_lm("openai/some-lm", cache_dir=None)

    assert dspy.cache.enable_disk_cache is False
    assert dspy.cache.enable_memory_cache is True


def test_a_second_lm_shares_the_cache_of_the_first() -> None:
    open_lm("openai/some-lm", cache_dir=None)
    first = dspy.cache

    open_lm("openai/judge-lm", cache_dir=None)

    assert dspy.cache is first


REQUEST = {"model": "openai/some-lm", "messages": [], "api_key": KEY}
IGNORED = ["api_key", "api_base", "base_url"]


def test_an_answers_key_has_the_servers_address_and_not_the_api_key() -> None:
    open_lm("openai/some-lm", cache_dir=None)

    def key(**changes: str) -> str:
        return str(dspy.cache.cache_key(REQUEST | changes, IGNORED))

    assert key(api_key="another") == key()
    assert len({key(), key(api_base="http://a/v1"), key(api_base="http://b/v1")}) == 3


def test_litellm_is_kept_from_asking_the_network_for_prices() -> None:
    open_lm("openai/some-lm", cache_dir=None)

    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"


@pytest.mark.parametrize("name", ["", "openai/"])
def test_a_name_without_an_lm_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(LMError, match="cannot be opened") as caught:
        open_lm(name, cache_dir=None)

    assert EMBEDDED_LM in caught.value.hint


def test_the_lm_of_a_block_ends_with_the_block() -> None:
    lm = open_lm(EMBEDDED_LM, cache_dir=None)

    with using_lm(lm) as scoped:
        inside = dspy.settings.lm

    assert inside is scoped is lm
    assert dspy.settings.lm is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (raised.LMTimeoutError("slow", model="openai/x"), "LM 'openai/x' did not answer in time"),
        (raised.LMTransportError("read timed out"), "did not answer in time"),
        (raised.LMTransportError("refused"), "could not be reached"),
        (raised.LMRateLimitError("wait", status=429), r"is rate limited \(HTTP 429\)"),
        (raised.LMAuthError("no"), "refused the API key"),
        (raised.LMServerError("boom", status=500), r"failed at its provider \(HTTP 500\): boom"),
        (raised.LMProviderError(""), "did not answer: LMProviderError"),
    ],
)
def test_an_error_says_what_happened(error: Exception, said: str) -> None:
    with pytest.raises(LMError, match=said) as caught, lm_errors():
        raise error

    assert caught.value.hint
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [f"Incorrect API key provided: {KEY}", "bad key sk-proj-****cdef", "Authorization: Bearer abc"],
)
def test_an_error_never_repeats_what_looks_like_a_key(text: str) -> None:
    message = str(as_lm_error(raised.LMAuthError(text)))

    assert "***" in message
    assert not any(secret in message for secret in (KEY, "sk-proj", "abc", "cdef"))


def test_an_error_never_repeats_a_secret_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", "plain-looking-value")

    message = str(as_lm_error(raised.LMServerError("failed for plain-looking-value")))

    assert "plain-looking-value" not in message


def test_other_exceptions_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), lm_errors():
        raise ZeroDivisionError


def test_an_lm_error_stays_the_one_it_is() -> None:
    error = LMError("gone", hint="wait")

    assert as_lm_error(error) is error
