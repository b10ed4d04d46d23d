"""What LM calls use: calls, tokens and money, measured by meters that may be nested.

A `Meter` is a DSPy callback, so it reaches every thread that DSPy's settings reach (dspy.Parallel,
dspy.Evaluate, asyncify; a plain thread needs `using_lm` of its own). A callback is told of each
call but not of its cost, so `MeteredLM` passes on the history entry, which has it, and keeps none.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import dspy
from dspy.utils.callback import BaseCallback


@dataclass(frozen=True, slots=True)
class Usage:
    """What some LM calls used.

    `calls` counts what a program asked of an LM, answers from the cache included, retries not;
    `failures` are those among them that raised. `usd` is None as soon as one call's price is
    unknown; cached answers cost 0, and so do failed calls, as providers do not bill them.
    """

    calls: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together, of calls that were not cached."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        known = self.usd is not None and other.usd is not None
        return Usage(
            calls=self.calls + other.calls,
            failures=self.failures + other.failures,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            usd=(self.usd or 0.0) + (other.usd or 0.0) if known else None,
        )


class Meter(BaseCallback):
    """Adds up the usage of every LM call made while it is in DSPy's settings; thread-safe.

    Put it there with `using_lm(lm, meter=...)` or `metered()`. Several at once all count.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._usage = Usage()

    def add(self, usage: Usage) -> None:
        """Add the usage of one or more calls."""
        with self._lock:
            self._usage += usage

    def told(self, usage: Usage) -> None:
        """Take what the LM call that is under way used."""
        self.add(usage)

    def snapshot(self) -> Usage:
        """Return what was used so far."""
        with self._lock:
            return self._usage

    @property
    def calls(self) -> int:
        return self.snapshot().calls

    @property
    def tokens(self) -> int:
        return self.snapshot().tokens

    @property
    def usd(self) -> float | None:
        return self.snapshot().usd

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Count a call; one of a foreign LM class has no known price."""
        priced = isinstance(instance, MeteredLM)
        self.add(Usage(calls=1, usd=0.0 if priced else None))

    def on_lm_end(
        self, call_id: str, outputs: Any | None, exception: BaseException | None = None
    ) -> None:
        """Count a call that raised."""
        if exception is not None:
            self.add(Usage(failures=1))


class MeteredLM(dspy.LM):
    """A dspy.LM that tells the meters what each call used, and keeps no prompt history."""

    def update_history(self, entry: dict[str, Any]) -> None:
        """Pass the usage of a finished call to every active meter, and drop the entry."""
        usage = usage_of(entry, free=getattr(self.engine, "usd_per_call", None) == 0.0)
        for callback in dspy.settings.get("callbacks", []):
            if isinstance(callback, Meter):
                callback.told(usage)


def count(usage: Usage) -> None:
    """Add what was used elsewhere, by another process, to every active meter."""
    for callback in dspy.settings.get("callbacks", []):
        if isinstance(callback, Meter):
            callback.add(usage)


def usage_of(entry: Mapping[str, Any], *, free: bool) -> Usage:
    """Return the tokens and the price in an entry of DSPy's history.

    DSPy empties the usage of a cached answer but keeps its historical cost. No usage and no cost
    is either a cached answer of an unpriced LM or a provider that reports nothing: unknown.
    """
    reported = entry["usage"] or {}
    used = Usage(
        prompt_tokens=reported.get("prompt_tokens") or 0,
        completion_tokens=reported.get("completion_tokens") or 0,
    )
    if free:
        return used
    cached = not reported and entry["cost"] is not None
    return replace(used, usd=0.0 if cached else entry["cost"])
