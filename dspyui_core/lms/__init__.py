"""LMs: opening one by name, scoping it to a block, and measuring what its calls use."""

from __future__ import annotations

from dspyui_core.lms.failures import as_lm_error, lm_errors, redacted, refuses_everything
from dspyui_core.lms.forgetting import clear_cache
from dspyui_core.lms.keys import require_key
from dspyui_core.lms.opening import EMBEDDED_LM, metered, metered_apart, open_lm, using_lm
from dspyui_core.lms.spans import Tracer, traced
from dspyui_core.lms.threads import in_threads
from dspyui_core.lms.usage import Meter, MeteredLM, Usage, count

__all__ = [
    "EMBEDDED_LM",
    "Meter",
    "MeteredLM",
    "Tracer",
    "Usage",
    "as_lm_error",
    "clear_cache",
    "count",
    "in_threads",
    "lm_errors",
    "metered",
    "metered_apart",
    "open_lm",
    "redacted",
    "refuses_everything",
    "require_key",
    "traced",
    "using_lm",
]
