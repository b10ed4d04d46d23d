"""Turning what DSPy raises for an LM that did not answer into our LMError, free of secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from dspy.utils import exceptions as raised

from dspyui_core.errors import LMError

_LONGEST_DETAIL: Final = 300
_SHORTEST_SECRET: Final = 6
_SECRET_NAME: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
# Keys as providers echo them in their messages, also when they are already partly starred out.
_SECRET_SHAPE: Final = re.compile(
    r"\b(?:sk|pk|rk|gsk|hf|xai)[-_][\w*.-]{4,}|(?<=[Bb]earer )\S+|\bAIza[\w-]{10,}"
)

# The first class that fits decides, so the specific ones come first.
_CAUSES: Final = (
    (raised.LMTimeoutError, "did not answer in time", "raise the timeout, or try again later"),
    (raised.LMRateLimitError, "is rate limited", "use fewer threads, or try again later"),
    (raised.LMAuthError, "refused the API key", "set the provider's API key in the environment"),
    (raised.LMBillingError, "refused to bill the account", "look at the provider's account"),
    (raised.LMNotConfiguredError, "is not configured", "set the API key in the environment"),
    (raised.ContextWindowExceededError, "got too long a prompt", "use fewer or shorter demos"),
    (raised.LMUnsupportedModelError, "is unknown to its provider", "check the spec's lm"),
    (raised.LMInvalidRequestError, "refused the request", "check the spec's lm and its options"),
    (raised.LMConfigurationError, "is not configured", "check the spec's lm and its options"),
    (raised.LMServerError, "failed at its provider", "try again later"),
    (raised.LMTransportError, "could not be reached", "check the network and the address"),
    (raised.LMError, "did not answer", "check the spec's lm"),
    (raised.AdapterParseError, "answered in the wrong format", "use an LM that keeps formats"),
)

# With these the next call fails like the first one, whatever is asked.
_FOR_ALL: Final = (
    raised.LMAuthError,
    raised.LMBillingError,
    raised.LMNotConfiguredError,
    raised.LMTransportError,
    raised.LMUnsupportedModelError,
)


def refuses_everything(error: Exception) -> bool:
    """Whether an LM that failed like this answers nobody: no address, no key, no such LM."""
    return isinstance(error, _FOR_ALL) and not isinstance(_sharpened(error), raised.LMTimeoutError)


@contextmanager
def lm_errors() -> Iterator[None]:
    """Raise LMError for whatever DSPy raises in the block because an LM did not answer well.

    The original is not chained: its text may hold a key. Other exceptions pass unchanged.
    """
    try:
        yield
    except (raised.LMError, raised.AdapterParseError) as error:
        raise as_lm_error(error) from None


def as_lm_error(error: Exception) -> LMError:
    """Return the LMError for an exception of DSPy's LM layer, its message redacted.

    One that is an LMError already is returned as it is.
    """
    if isinstance(error, LMError):
        return error
    name = getattr(error, "model", None)
    variables = tuple(getattr(error, "env_keys", ()))
    if isinstance(error, raised.LMNotConfiguredError) and variables:
        return missing_key(str(name), variables)
    subject = f"LM {name!r}" if name else "the LM"
    found = (cause for cause in _CAUSES if isinstance(_sharpened(error), cause[0]))
    _, happened, hint = next(found, (Exception, "did not answer", "check the spec's lm"))
    status = getattr(error, "status", None)
    where = f" (HTTP {status})" if status else ""
    return LMError(f"{subject} {happened}{where}: {_detail(error)}", hint=hint)


def missing_key(name: str, variables: Sequence[str]) -> LMError:
    """The error of an LM whose key is in none of these environment variables."""
    one = variables[0]
    return LMError(
        f"LM {name!r} needs an API key, and {' or '.join(variables)} is not in the environment",
        hint=f"export {one}=... (an own server without keys takes any value), or name another lm",
    )


def _sharpened(error: Exception) -> Exception:
    """Return a read timeout as one: DSPy's own transport calls it a transport error."""
    if isinstance(error, raised.LMTransportError) and "timed out" in str(error):
        return raised.LMTimeoutError(str(error))
    return error


def _detail(error: Exception) -> str:
    """Return the first line of what the provider said; for a wrong format only what was missing.

    The further lines advise on DSPy's internals, and a parse error quotes the prompt's fields and
    the answer, which may be anybody's text.
    """
    if isinstance(error, raised.AdapterParseError):
        fields = ", ".join(error.signature.output_fields)
        return f"expected the fields {fields}"
    said = str(getattr(error, "message", "") or error).strip() or type(error).__name__
    line = redacted(said.splitlines()[0]).rstrip(". ")
    return line if len(line) <= _LONGEST_DETAIL else f"{line[: _LONGEST_DETAIL - 1]}…"


def redacted(text: str) -> str:
    """Return `text` without the secrets of the environment and without what looks like a key."""
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return _SECRET_SHAPE.sub("***", text)
