"""A prediction as MLflow's spans: the root is the prediction, below it its modules and LM calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mlflow.entities import Span, SpanType
from mlflow.tracing.constant import CostKey, SpanAttributeKey, TokenUsageKey

from dspyui_core.mirror.naming import POSITION, TRACE, VERSION, derived, mlflow_trace_id
from dspyui_core.store.journal import Entry

_TAG: Final = SpanAttributeKey.TRACE_TAG_PREFIX
_USER: Final = "user.id"
_CALLS = (SpanType.CHAT_MODEL, SpanType.LLM)
# What MLflow's own logging shows at its default verbosity, and what only below it.
_SHOWN = (*_CALLS, SpanType.TOOL, SpanType.RETRIEVER, SpanType.AGENT, SpanType.EMBEDDING)
_INFO, _DEBUG = 20, 10
_TOKENS = ("prompt_tokens", "completion_tokens")
_PRICE = "usd"


def spans_of(entry: Entry) -> Iterator[Span]:
    """The spans of a prediction; the entry has its own."""
    trace_id = mlflow_trace_id(entry.trace_id)
    root_id = derived(trace_id, 16)
    children = entry.spans or ()
    yield _root(entry, trace_id, root_id, children)
    for child in children:
        yield _child(child, trace_id, root_id)


def _root(entry: Entry, trace_id: str, root_id: str, children: Sequence[Mapping[str, Any]]) -> Span:
    payload, error = entry.payload, entry.payload.get("error")
    start, end = _period(entry)
    values = {
        SpanAttributeKey.INPUTS: payload.get("inputs"),
        # A prediction that failed has none.
        SpanAttributeKey.OUTPUTS: payload.get("outputs") or ({} if error is None else None),
        _USER: entry.user_id,
        # Each costs two queries, so there are few.
        f"{_TAG}{VERSION}": None if entry.version is None else str(entry.version),
        f"{_TAG}{TRACE}": None if entry.trace_id == trace_id else entry.trace_id,
        POSITION: entry.position,
    }
    return _span(
        {
            "name": entry.program,
            "trace_id": trace_id,
            "span_id": root_id,
            "parent_span_id": None,
            # Two clocks are read: a child may seem to begin before the prediction.
            "start_time_unix_nano": min([start, *(child["start_ns"] for child in children)]),
            "end_time_unix_nano": max([end, *(child["end_ns"] for child in children)]),
        },
        SpanType.CHAIN,
        _given(values),
        None if error is None else str(error),
    )


def _period(entry: Entry) -> tuple[int, int]:
    """When a prediction began and ended, in Unix ns; journals of old say only when it was kept."""
    took = int(float(entry.payload.get("latency_ms") or 0.0) * 1_000_000)
    started = entry.payload.get("started_at")
    if started is None:
        end = _nanoseconds(entry.at)
        return end - took, end
    start = _nanoseconds(datetime.fromisoformat(started))
    return start, start + took


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000


def _child(child: Mapping[str, Any], trace_id: str, root_id: str) -> Span:
    kind = child["type"]
    contents = {
        SpanAttributeKey.INPUTS: child.get("inputs"),
        SpanAttributeKey.OUTPUTS: child.get("outputs"),
    }
    values = _given(contents) | _attributes(child.get("attributes") or {}, kind)
    failed = child.get("status") == "ERROR"
    return _span(
        {
            "name": child["name"],
            "trace_id": trace_id,
            "span_id": child["id"],
            "parent_span_id": child.get("parent") or root_id,
            "start_time_unix_nano": child["start_ns"],
            "end_time_unix_nano": child["end_ns"],
        },
        kind,
        values,
        str(child.get("message") or "") if failed else None,
    )


def _attributes(given: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """A span's attributes, with tokens, price and LM under the keys that MLflow reads them by."""
    values = {key: value for key, value in given.items() if key not in (*_TOKENS, _PRICE)}
    tokens = [given.get(key) for key in _TOKENS]
    if any(count is not None for count in tokens):
        sent, received = (int(count or 0) for count in tokens)
        values[SpanAttributeKey.CHAT_USAGE] = {
            TokenUsageKey.INPUT_TOKENS: sent,
            TokenUsageKey.OUTPUT_TOKENS: received,
            TokenUsageKey.TOTAL_TOKENS: sent + received,
        }
    if given.get(_PRICE) is not None:
        # Also where it is nothing: MLflow looks up the price of every call that has none.
        values[SpanAttributeKey.LLM_COST] = {CostKey.TOTAL_COST: given[_PRICE]}
    if kind in _CALLS and given.get("model"):
        values |= _lm(str(given["model"]))
    return values


def _lm(name: str) -> dict[str, str]:
    provider, slash, _ = name.partition("/")
    told = {SpanAttributeKey.MODEL: name, SpanAttributeKey.MESSAGE_FORMAT: "dspy"}
    return {**told, SpanAttributeKey.MODEL_PROVIDER: provider} if slash else told


def _span(
    facts: Mapping[str, Any], kind: str, values: Mapping[str, Any], failure: str | None
) -> Span:
    attributes = {
        SpanAttributeKey.REQUEST_ID: facts["trace_id"],
        SpanAttributeKey.SPAN_TYPE: kind,
        SpanAttributeKey.LOG_LEVEL: _INFO if kind in _SHOWN else _DEBUG,
        **values,
    }
    code = "STATUS_CODE_OK" if failure is None else "STATUS_CODE_ERROR"
    return Span.from_dict(
        {
            **facts,
            "status": {"code": code, "message": failure or ""},
            # MLflow keeps every attribute as JSON text.
            "attributes": {key: _json(value) for key, value in attributes.items()},
        }
    )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
