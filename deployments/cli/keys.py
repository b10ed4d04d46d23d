"""Whether an LM's API key is there, looked at before anything slow begins."""

from __future__ import annotations

EMBEDDED = "embedded/in-context"


def demand_key(lm: str) -> None:
    """Raise LMError, naming the variable, where the LM needs a key and has none."""
    # The embedded LM has none, and looking at the others' imports DSPy, which takes a while.
    if lm == EMBEDDED:
        return
    from dspyui_core.lms import require_key

    require_key(lm)


def missing_key(lm: str) -> str:
    """What to do for the LM's key where it is not there yet, or nothing."""
    from dspyui_core.errors import LMError

    try:
        demand_key(lm)
    except LMError as error:
        return str(error)
    return ""
