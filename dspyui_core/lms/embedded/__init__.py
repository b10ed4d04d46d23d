"""The embedded LM: an in-context learner that answers from the demos in its prompt."""

from __future__ import annotations

from dspyui_core.lms.embedded.engine import AsyncInContextEngine, InContextEngine

__all__ = ["AsyncInContextEngine", "InContextEngine"]
