"""The DSPy settings under which a meter hears what is called, at the least cost to the caller."""

from __future__ import annotations

import inspect
from functools import cache, partial
from typing import Any, Final

import dspy

from dspyui_core.lms.usage import Meter

# What DSPy's adapters tell every callback about, and meters do not listen to.
_UNHEARD: Final = ("format", "parse")


def listening(meter: Meter | None) -> dict[str, Any]:
    """What to give `dspy.context` so that `meter` hears, too, besides who does already."""
    callbacks = [*dspy.settings.get("callbacks", []), *([] if meter is None else [meter])]
    settings: dict[str, Any] = {"callbacks": callbacks}
    _keep_signatures()
    only_meters = callbacks and all(isinstance(callback, Meter) for callback in callbacks)
    if only_meters and dspy.settings.adapter is None:
        settings["adapter"] = _quiet_adapter()
    return settings


@cache
def _quiet_adapter() -> dspy.ChatAdapter:
    """DSPy's default adapter, which tells nobody that it formats and parses.

    To tell somebody takes DSPy longer than all that a meter does with a whole answer.
    """
    adapter = dspy.ChatAdapter()
    for name in _UNHEARD:
        method = getattr(type(adapter), name)
        vars(adapter)[name] = partial(getattr(method, "__wrapped__", method), adapter)
    return adapter


@cache
def _keep_signatures() -> None:
    """Keep the signatures that DSPy works out anew each time that it tells somebody of a call."""
    for called in (dspy.Module.__call__, dspy.BaseLM.__call__):
        function: Any = getattr(called, "__wrapped__", called)
        function.__signature__ = inspect.signature(function, follow_wrapped=False)
