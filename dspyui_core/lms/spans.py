"""Spans: which modules and LM calls an answer took, when, with what; gathered as DSPy runs them.

Names, types and contents are those that MLflow's own tracing of DSPy gives them (its
autologging), but for the adapters' formatting and parsing, which repeat what the LM's span holds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import dspy
from dspy.utils.callback import ACTIVE_CALL_ID

from dspyui_core.lms.failures import redacted
from dspyui_core.lms.listening import listening
from dspyui_core.lms.usage import Meter, MeteredLM, Usage, usage_of

# What an LM call may be given besides its prompt that is nobody's business.
_PRIVATE: Final = re.compile(
    r"^(api|aws|azure|vertex)_|key|secret|password|credential|header|base_url|authorization"
    r"|token(?!s)",
    re.IGNORECASE,
)
_ID_DIGITS: Final = 16
_RECENT: Final = 8


@dataclass(slots=True)
class Span:
    """One call, with references to what went in and out; times are Unix nanoseconds."""

    id: str
    parent: str | None
    name: str
    type: str
    inputs: Any
    start_ns: int
    end_ns: int | None = None
    outputs: Any = None
    message: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The span as the journal keeps it, its values still as they are."""
        found = {
            "name": self.name,
            "type": self.type,
            "id": self.id,
            "parent": self.parent,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns or self.start_ns,
            "status": "OK" if self.message is None else "ERROR",
            "inputs": self.inputs,
            "outputs": _opened(self.outputs),
            "attributes": self.attributes,
        }
        return found if self.message is None else {**found, "message": self.message}


class Tracer(Meter):
    """A meter that also keeps a span of each call, in the order in which they began."""

    def __init__(self) -> None:
        super().__init__()
        self._spans: dict[str, Span] = {}
        self._histories: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._adapting: dict[str, str | None] = {}

    def spans(self) -> list[dict[str, Any]]:
        """What is known so far."""
        return [span.plain() for span in list(self._spans.values())]

    @property
    def models(self) -> list[str]:
        """The names of the LMs that were called, each once."""
        named = (span.attributes.get("model") for span in list(self._spans.values()))
        return list(dict.fromkeys(name for name in named if name))

    def told(self, usage: Usage) -> None:
        """Count the usage of the LM call that is under way, here and in its span."""
        super().told(usage)
        self._note(ACTIVE_CALL_ID.get(), usage)

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Begin the span of a module."""
        span = self._begin(call_id, f"{type(instance).__name__}.forward", _module_type(instance))
        span.inputs = _unpacked(inputs)
        signature = _signature(instance)
        if signature is not None:
            span.attributes["signature"] = signature

    def on_module_end(
        self, call_id: str, outputs: Any | None, exception: BaseException | None = None
    ) -> None:
        """End the span of a module."""
        self._end(call_id, outputs, exception)

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Begin the span of an LM call."""
        self.add(Usage(calls=1))
        chats = getattr(instance, "model_type", None) == "chat"
        kind = "CHAT_MODEL" if chats else "LLM"
        span = self._begin(call_id, f"{type(instance).__name__}.__call__", kind)
        span.inputs = _public(_unpacked(inputs))
        span.attributes = {
            **_public(instance.kwargs),
            "model": instance.model,
            "model_type": instance.model_type,
            "cache": instance.cache,
        }
        if not isinstance(instance, MeteredLM):
            self._histories[call_id] = instance.history

    def on_lm_end(
        self, call_id: str, outputs: Any | None, exception: BaseException | None = None
    ) -> None:
        """End the span of an LM call; one of a plain `dspy.LM` tells its usage by its history."""
        super().on_lm_end(call_id, outputs, exception)
        self._end(call_id, outputs, exception)
        history = self._histories.pop(call_id, None)
        if history is None:
            return
        entry = next((e for e in history[-_RECENT:] if e.get("outputs") is outputs), None)
        usage = Usage(usd=None) if entry is None else usage_of(entry, free=False)
        self.add(usage)
        if entry is not None:
            self._note(call_id, usage)

    def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Begin the span of a tool; an agent calls one named `finish` only to say it is done."""
        if instance.name != "finish":
            span = self._begin(call_id, f"Tool.{instance.name}", "TOOL")
            span.inputs = _unpacked(inputs)

    def on_tool_end(
        self, call_id: str, outputs: Any | None, exception: BaseException | None = None
    ) -> None:
        """End the span of a tool."""
        self._end(call_id, outputs, exception)

    def on_adapter_parse_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Remember for whom an adapter parses: it may call an LM to do so."""
        self._adapting[call_id] = ACTIVE_CALL_ID.get()

    def _begin(self, call_id: str, name: str, kind: str) -> Span:
        caller = ACTIVE_CALL_ID.get()
        parent = self._spans.get(self._adapting.get(caller or "", caller) or "")
        span = Span(
            id=call_id[:_ID_DIGITS],
            parent=None if parent is None else parent.id,
            name=name,
            type=kind,
            inputs=None,
            start_ns=time.time_ns(),
        )
        self._spans[call_id] = span
        return span

    def _end(self, call_id: str, outputs: Any, exception: BaseException | None) -> None:
        span = self._spans.get(call_id)
        if span is not None:
            span.end_ns, span.outputs = time.time_ns(), outputs
            if exception is not None:
                # A parse error quotes prompt and answer over many lines; both are in the spans.
                first = f"{type(exception).__name__}: {exception}".strip().splitlines()[0]
                span.message = redacted(first)[:300]

    def _note(self, call_id: str | None, usage: Usage) -> None:
        span = self._spans.get(call_id or "")
        if span is not None:
            span.attributes |= {
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "usd": usage.usd,
            }


@contextmanager
def traced() -> Iterator[Tracer]:
    """Yield a tracer of everything that DSPy runs in the block."""
    tracer = Tracer()
    with dspy.context(**listening(tracer)):
        yield tracer


def _module_type(instance: Any) -> str:
    kinds = ((dspy.Retrieve, "RETRIEVER"), (dspy.ReAct, "AGENT"), (dspy.Predict, "LLM"))
    return next((kind for base, kind in kinds if isinstance(instance, base)), "CHAIN")


def _signature(instance: Any) -> str | None:
    inner = instance.predict if isinstance(instance, dspy.ChainOfThought) else instance
    return _told(inner.signature) if isinstance(inner, dspy.Predict) else None


@lru_cache(maxsize=256)
def _told(signature: Any) -> str:
    return str(signature.signature)


def _unpacked(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name; empty positional ones say nothing."""
    given = {name: value for name, value in inputs.items() if name != "kwargs"}
    if not given.get("args", True):
        del given["args"]
    merged = given | (inputs.get("kwargs") or {})
    if isinstance(merged.get("config"), dict):
        merged["config"] = _public(merged["config"])
    return {name: repr(v) if isinstance(v, type) else v for name, v in merged.items()}


def _public(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _public(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if not _is_private(str(name))
    }


@lru_cache(maxsize=1024)
def _is_private(name: str) -> bool:
    return _PRIVATE.search(name) is not None


def _opened(outputs: Any) -> Any:
    return outputs.toDict() if isinstance(outputs, dspy.Example) else outputs
