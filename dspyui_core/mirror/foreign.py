"""A trace that another program logged to MLflow, as a prediction of the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlflow.entities import Span, SpanStatusCode, Trace
from mlflow.tracing.constant import TraceMetadataKey

from dspyui_core.fields import Field, parse_row
from dspyui_core.mirror.naming import MLFLOW, ORIGIN
from dspyui_core.mirror.reading import UnfitError
from dspyui_core.store.journal import NewPrediction


def prediction_of(
    trace: Trace, program: str, inputs: Sequence[Field], outputs: Sequence[Field]
) -> NewPrediction:
    """The trace's root span as a prediction of this program, with MLflow's id and time.

    Names that are no field are left out. Raises UnfitError where a field is missing or wrong.
    """
    root = next((span for span in trace.data.spans if span.parent_id is None), None)
    if root is None:
        raise UnfitError("it has no root span")
    failed = root.status.status_code == SpanStatusCode.ERROR
    began = datetime.fromtimestamp(root.start_time_ns / 1_000_000_000, tz=UTC)
    payload = {
        "inputs": _values(inputs, root.inputs, "input"),
        "outputs": {} if failed else _values(outputs, root.outputs, "output"),
        "latency_ms": _milliseconds(root),
        "started_at": began.isoformat(),
        ORIGIN: MLFLOW,
        **({"error": root.status.description or "it failed"} if failed else {}),
    }
    return NewPrediction(
        program,
        trace.info.trace_id,
        payload,
        user_id=trace.info.trace_metadata.get(TraceMetadataKey.TRACE_USER),
        at=began,
    )


def _values(fields: Sequence[Field], found: Any, role: str) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        # A function that returns the value alone.
        found = {fields[0].name: found} if len(fields) == 1 else {}
    values, problems = parse_row(fields, found)
    if problems:
        raise UnfitError(f"its {role} does not fit: {'; '.join(map(str, problems))}")
    return values


def _milliseconds(span: Span) -> float:
    end = span.end_time_ns or span.start_time_ns
    return round((end - span.start_time_ns) / 1_000_000, 3)
