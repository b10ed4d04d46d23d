"""Keys: whether an LM can be called at all, told before anything is spent on finding out."""

from __future__ import annotations

from dspy.clients.engines.lm15_engine import LM15Engine
from dspy.lm15 import LM15Error, LMRouter, NotConfiguredError, RouterConfig

from dspyui_core.lms.failures import missing_key
from dspyui_core.lms.opening import EMBEDDED_LM


def require_key(name: str) -> None:
    """Raise LMError, naming the variable, where the LM needs an API key and has none.

    Nothing is called. An LM that DSPy does not speak to itself is LiteLLM's to judge, at its first
    call.
    """
    if name == EMBEDDED_LM:
        return
    try:
        resolution = LM15Engine(RouterConfig()).resolve(name)
        with LMRouter() as router:
            router.lm(f"{resolution.provider}:{resolution.model}")
    except NotConfiguredError as error:
        if variables := tuple(getattr(error, "env_keys", ())):
            raise missing_key(name, variables) from None
    except LM15Error:
        return
