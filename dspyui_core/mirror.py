"""The mirror: copies the journal's predictions and feedback to MLflow, each exactly once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import mlflow
from mlflow.entities import (
    Assessment,
    AssessmentSource,
    Expectation,
    Feedback,
    Span,
    SpanStatus,
    SpanStatusCode,
    SpanType,
)
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient
from mlflow.tracing.constant import SpanAttributeKey

from dspyui_core.mlflow_tracking import is_missing
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.watermarks import Watermarks

CONSUMER: Final = "mirror"
ANONYMOUS: Final = "anonymous"
_POSITION: Final = "dspyui.position"
_TAG = SpanAttributeKey.TRACE_TAG_PREFIX
_OURS = re.compile(r"tr-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What one catching up copied, and up to which journal position.

    `orphans` counts feedback whose trace is not in MLflow (deleted there): it stays in the journal.
    """

    traces: int
    assessments: int
    position: int
    orphans: int = 0


@dataclass(frozen=True, slots=True)
class _Counts:
    assessments: int = 0
    orphans: int = 0

    def __add__(self, other: _Counts) -> _Counts:
        return _Counts(self.assessments + other.assessments, self.orphans + other.orphans)


def mirror_once(
    journal: Journal,
    watermarks: Watermarks,
    client: mlflow.MlflowClient,
    *,
    program: str,
    experiment_id: str,
    batch: int = 200,
) -> Mirrored:
    """Copy what one program's journal got since the last time, `batch` entries at a time.

    The watermark moves after each batch; a batch repeated after a crash changes nothing, since
    trace ids are the journal's and assessment ids derive from its positions.
    """
    store = TracingClient(client.tracking_uri).store
    position = watermarks.get(program, CONSUMER)
    # Fixed at the start: a busy writer cannot keep this going.
    end = journal.last_position(program)
    traces, counts = 0, _Counts()
    while entries := list(journal.since(position, program=program, upto=end, limit=batch)):
        traces += _copy_predictions(store, experiment_id, entries)
        counts += _copy_feedback(store, entries)
        position = watermarks.advance(program, CONSUMER, entries[-1].position)
    return Mirrored(traces, counts.assessments, position, counts.orphans)


def mlflow_trace_id(trace_id: str) -> str:
    """The id a trace has in MLflow: the same where MLflow takes it, else derived from it."""
    if _OURS.fullmatch(trace_id):
        return trace_id
    return f"tr-{_hex(trace_id, 32)}"


def _copy_predictions(store: Any, experiment_id: str, entries: Iterable[Entry]) -> int:
    spans = [_span(entry) for entry in entries if entry.kind == "prediction"]
    if spans:
        store.log_spans(experiment_id, spans)
    return len(spans)


def _span(entry: Entry) -> Span:
    payload = entry.payload
    trace_id = mlflow_trace_id(entry.trace_id)
    end = int(entry.at.timestamp() * 1_000_000) * 1000
    took = int(float(payload.get("latency_ms") or 0.0) * 1_000_000)
    error = payload.get("error") or ""
    status = SpanStatus(SpanStatusCode.ERROR if error else SpanStatusCode.OK, str(error))
    return Span.from_dict(
        {
            "name": entry.program,
            "trace_id": trace_id,
            "span_id": _hex(trace_id, 16),
            "parent_span_id": None,
            "start_time_unix_nano": end - took,
            "end_time_unix_nano": end,
            "status": {"code": status.status_code.value, "message": status.description},
            "attributes": _attributes(entry, trace_id),
        }
    )


def _attributes(entry: Entry, trace_id: str) -> dict[str, str]:
    values = {
        SpanAttributeKey.REQUEST_ID: trace_id,
        SpanAttributeKey.SPAN_TYPE: SpanType.CHAIN,
        SpanAttributeKey.INPUTS: entry.payload.get("inputs"),
        SpanAttributeKey.OUTPUTS: entry.payload.get("outputs"),
        "user.id": entry.user_id,
        f"{_TAG}dspyui.program": entry.program,
        f"{_TAG}dspyui.version": None if entry.version is None else str(entry.version),
        # Two queries a tag are most of the cost of a trace, so the rest is left to the span.
        f"{_TAG}dspyui.trace": None if entry.trace_id == trace_id else entry.trace_id,
        _POSITION: entry.position,
    }
    # MLflow keeps every attribute as JSON text.
    return {
        key: json.dumps(value, ensure_ascii=False, default=str)
        for key, value in values.items()
        if value is not None
    }


def _copy_feedback(store: Any, entries: Sequence[Entry]) -> _Counts:
    latest = {
        (mlflow_trace_id(entry.trace_id), _user(entry)): entry
        for entry in entries
        if entry.kind == "feedback"
    }
    traces = list({trace_id for trace_id, _ in latest})
    infos = store.batch_get_trace_infos(traces) if traces else []
    known = {info.trace_id: info.assessments for info in infos}
    counts = _Counts()
    for (trace_id, user), entry in latest.items():
        if trace_id in known:
            mine = [found for found in known[trace_id] if _position(found, user) is not None]
            counts += _settle(store, entry, trace_id, user, mine)
        else:
            counts += _Counts(orphans=1)
    return counts


def _settle(
    store: Any, entry: Entry, trace_id: str, user: str, mine: Sequence[Assessment]
) -> _Counts:
    """Make this entry the only feedback of its user on its trace, unless a newer one stands."""
    if any((_position(found, user) or 0) > entry.position for found in mine):
        return _Counts()
    known = {found.assessment_id for found in mine}
    wanted = [
        made for made in _assessments(entry, trace_id, user) if made.assessment_id not in known
    ]
    try:
        for assessment in wanted:
            store.create_assessment(assessment)
        # Superseded feedback is deleted, not overridden: MLflow's search finds overridden ones too.
        for found in mine:
            if (_position(found, user) or 0) < entry.position:
                store.delete_assessment(trace_id, found.assessment_id)
    except MlflowException as error:
        if not is_missing(error):
            raise
        return _Counts(orphans=1)
    return _Counts(assessments=len(wanted))


def _assessments(entry: Entry, trace_id: str, user: str) -> list[Assessment]:
    payload = {} if entry.payload.get("retracted") else entry.payload
    source = AssessmentSource(source_type="HUMAN", source_id=user)
    at = int(entry.at.timestamp() * 1000)
    facts: Mapping[str, Any] = {
        "trace_id": trace_id,
        "source": source,
        "metadata": {_POSITION: str(entry.position), "dspyui.user": user},
        "create_time_ms": at,
        "last_update_time_ms": at,
    }
    made: list[Assessment] = []
    if payload.get("rating") is not None:
        made.append(Feedback(name="user_rating", value=payload["rating"], **facts))
    if payload.get("corrected_output") is not None:
        made.append(
            Expectation(name="corrected_output", value=payload["corrected_output"], **facts)
        )
    if payload.get("comment"):
        made.append(Feedback(name="comment", value=payload["comment"], **facts))
    for assessment in made:
        key = f"{trace_id}:{entry.position}:{assessment.name}"
        assessment.assessment_id = f"a-{_hex(key, 32)}"
    return made


def _position(assessment: Assessment, user: str) -> int | None:
    """The journal position an assessment was made from, None where it is not ours or another's."""
    metadata = assessment.metadata or {}
    if metadata.get("dspyui.user") != user or _POSITION not in metadata:
        return None
    return int(metadata[_POSITION])


def _user(entry: Entry) -> str:
    return entry.user_id or ANONYMOUS


def _hex(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
