"""A program that records every answer it gives, and is called as before."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

import dspy

from dspyui_core.errors import ProgramError
from dspyui_core.evaluation import describe
from dspyui_core.lms import Tracer, traced
from dspyui_core.runner.plain import plain
from dspyui_core.runner.recording import Recorder
from dspyui_core.store.clock import utc_now

_TRACE: Final = "_dspyui_trace_id"


def trace_id_of(prediction: Any) -> str | None:
    """The trace id under which a journaled program's answer is recorded, None where it is not."""
    found: str | None = getattr(prediction, "__dict__", {}).get(_TRACE)
    return found


class Journaled:
    """Wraps a DSPy program, or a function that returns a `dspy.Prediction`, async ones too.

    It is called like the program (`await` a coroutine function, or `acall` a module), returns the
    program's own prediction and raises its exceptions; everything else is looked up on the
    program. Arguments are recorded by name, so give them by name.
    """

    def __init__(
        self,
        program: Any,
        name: str,
        *,
        recorder: Recorder,
        version: int | None = None,
        strict: bool = False,
    ) -> None:
        self._program = program
        self._name = name
        self._recorder = recorder
        self._version = version
        self._strict = strict

    def __getattr__(self, attribute: str) -> Any:
        if attribute == "_program":
            # Only who copies an object asks for it before it is there.
            raise AttributeError(attribute)
        return getattr(self._program, attribute)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The program's answer, recorded before it is returned."""
        if inspect.iscoroutinefunction(self._program):
            return self._awaited(self._program, args, kwargs)
        call = _Call(self._names(args, kwargs))
        with traced() as tracer:
            try:
                prediction = self._program(*args, **kwargs)
            except Exception as error:
                self._record(call.ended(tracer, None, error))
                raise
        self._record(call.ended(tracer, prediction, None))
        return prediction

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The answer of a module's `acall`, recorded before it is returned."""
        return await self._awaited(self._program.acall, args, kwargs)

    async def _awaited(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        call = _Call(self._names(args, kwargs))
        with traced() as tracer:
            try:
                prediction = await function(*args, **kwargs)
            except Exception as error:
                await asyncio.to_thread(self._record, call.ended(tracer, None, error))
                raise
        # A commit takes a moment, and an event loop has other things to do meanwhile.
        await asyncio.to_thread(self._record, call.ended(tracer, prediction, None))
        return prediction

    def _record(self, call: _Call) -> None:
        if call.error is None and not isinstance(call.prediction, dspy.Prediction):
            self._recorder.keep(partial(_refused, call.prediction), strict=self._strict)
            return
        trace_id = self._recorder.record_prediction(
            self._name, version=self._version, strict=self._strict, **call.facts()
        )
        if call.prediction is not None:
            # Beside its outputs, not among them: what the program returned stays what it is.
            object.__setattr__(call.prediction, _TRACE, trace_id)

    def _names(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if not args:
            return dict(kwargs)
        function = getattr(self._program, "forward", self._program)
        try:
            return dict(inspect.signature(function).bind(*args, **kwargs).arguments)
        except (TypeError, ValueError):
            # The program itself says what is wrong with its arguments.
            return dict(kwargs)


class _Call:
    """One call of a program: what went in, when, and how it ended."""

    def __init__(self, inputs: dict[str, Any]) -> None:
        # Before the program has them: one that changes its arguments changes no record.
        self.inputs = plain(inputs)
        self.prediction: Any = None
        self.error: Exception | None = None
        self._started: datetime = utc_now()
        self._start = time.perf_counter()
        self._latency_ms = 0.0
        self._tracer: Tracer | None = None

    def ended(self, tracer: Tracer, prediction: Any, error: Exception | None) -> _Call:
        """The same call, now over."""
        self._latency_ms = (time.perf_counter() - self._start) * 1000
        self._tracer, self.prediction, self.error = tracer, prediction, error
        return self

    def facts(self) -> dict[str, Any]:
        """What `record_prediction` wants to know of it."""
        assert self._tracer is not None
        used = self._tracer.snapshot()
        lm = {"name": ", ".join(self._tracer.models), "calls": used.calls, "usd": used.usd}
        return {
            "inputs": self.inputs,
            "outputs": None if self.prediction is None else self.prediction.toDict(),
            "started_at": self._started,
            "latency_ms": self._latency_ms,
            "error": None if self.error is None else describe(self.error),
            "lm": lm,
            "spans": self._tracer.spans(),
        }


def _refused(answer: Any) -> Any:
    raise ProgramError(
        f"the program returned a {type(answer).__name__}, not a dspy.Prediction",
        hint="return one, or record the answer yourself: record_prediction(...)",
    )
