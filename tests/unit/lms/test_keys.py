"""Keys: a missing one is named before anything is called, and after a call that failed for it."""

from __future__ import annotations

import pytest
from dspy.utils import exceptions as raised

from dspyui_core.errors import LMError
from dspyui_core.lms import EMBEDDED_LM, as_lm_error, require_key


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("openai/gpt-4o-mini", ("OPENAI_API_KEY",)),
        ("anthropic/some-lm", ("ANTHROPIC_API_KEY",)),
        ("gemini/some-lm", ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    ],
)
def test_a_missing_key_is_told_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, variables: tuple[str, ...]
) -> None:
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)

    with pytest.raises(LMError, match=" or ".join(variables)) as caught:
        require_key(name)

    assert name in caught.value.message
    assert f"export {variables[0]}=" in caught.value.hint


def test_a_key_that_is_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any-value")

    assert require_key("openai/gpt-4o-mini") is None


@pytest.mark.parametrize("name", [EMBEDDED_LM, "ollama_chat/llama3", "unheard-of/some-lm"])
def test_who_needs_no_key_or_is_unknown_is_let_pass(name: str) -> None:
    assert require_key(name) is None


def test_a_call_that_failed_for_want_of_a_key_says_the_same() -> None:
    error = raised.LMNotConfiguredError("no key", model="openai/gpt-4o-mini")
    error.env_keys = ("OPENAI_API_KEY",)

    told = as_lm_error(error)

    assert "needs an API key, and OPENAI_API_KEY is not in the environment" in told.message
