"""What MLflow shows of a mirrored answer equals what it shows where MLflow itself logged it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dspy
import mlflow
import pytest
from mlflow.entities import AssessmentSource

from dspyui_core import programs
from dspyui_core.lms import open_lm, using_lm
from dspyui_core.mirror import mirror_once, mlflow_trace_id
from dspyui_core.mlflow_loader import LoadedModel
from dspyui_core.runner import generate_program_response
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal, NewFeedback, NewPrediction
from dspyui_core.store.watermarks import Watermarks
from integration.mlflow.conftest import DEMOS, logging_natively, order_spec

START = 1_700_000_000_123_456_000
INPUTS = {"text": "où est le colis?"}
OUTPUTS = {"topic": "shipping"}
MESSAGES = {"messages": [{"role": "user", "content": "où est le colis?"}]}
USAGE = {"input_tokens": 12, "output_tokens": 3, "total_tokens": 15}
HUMAN = AssessmentSource("HUMAN", "ben")

# Of the trace: where it was logged from, and sizes that MLflow's client counts before it sends.
ONLY_NATIVE_METADATA = {
    "mlflow.source.git.branch", "mlflow.source.git.commit", "mlflow.source.git.dirty",
    "mlflow.source.git.repoURL", "mlflow.source.name", "mlflow.source.type",
    "mlflow.trace.infoFinalized", "mlflow.trace.sizeBytes", "mlflow.trace.sizeStats",
    "mlflow.trace_schema.version", "mlflow.traceInputs", "mlflow.traceOutputs", "mlflow.user",
}  # fmt: skip
# The trace's name is a copy of its root span's, and the location is below the experiment's.
ONLY_NATIVE_TAGS = {"mlflow.traceName"}
OTHERWISE_TAGS = {"mlflow.artifactLocation"}
OTHERWISE_ATTRIBUTES = {"mlflow.traceRequestId"}
# Only where a start is given by hand, as this test does.
ONLY_NATIVE_ATTRIBUTES = {"mlflow.spanStartTimeNs"}
ONLY_MIRRORED_ATTRIBUTES = {"dspyui.position", "user.id", "mlflow.traceTag.dspyui.version"}
# MLflow notes the tokens of an answer at its module, the mirror at the LM call that took them; it
# also says where a call costs nothing.
TOKENS = {"mlflow.chat.tokenUsage", "mlflow.llm.cost"}


@pytest.fixture
def native(home: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """MLflow's own logging, synchronous, into an experiment; its id."""
    place = home.experiment(f"{name}-native")
    yield from logging_natively(home, place, monkeypatch)
    mlflow.dspy.autolog(disable=True)


@pytest.fixture
def journal(tmp_path: Any) -> Iterator[Journal]:
    engine = open_engine(f"sqlite:///{tmp_path / 'state.db'}")
    yield Journal(engine)
    engine.dispose()


def mirrored(home: Any, journal: Journal, program: str, trace_id: str) -> Any:
    """The trace as MLflow has it after the mirror."""
    place, marks = home.experiment(program), Watermarks(journal._engine)
    mirror_once(journal, marks, home.client, program=program, experiment_id=place)
    return home.client.get_trace(mlflow_trace_id(trace_id), display=False)


def logged_natively(name: str, *, fails: bool) -> Any:
    """One answer with a module and an LM call, logged by MLflow's tracing API, with feedback."""
    root = mlflow.start_span_no_context(
        name, span_type="CHAIN", inputs=INPUTS, start_time_ns=START,
        tags={"dspyui.version": "2"}, metadata={"mlflow.trace.user": "ana"},
    )  # fmt: skip
    module = mlflow.start_span_no_context(
        "Predict.forward", span_type="LLM", parent_span=root, inputs=INPUTS,
        attributes={"signature": "text -> topic"}, start_time_ns=START + 1_000_000,
    )  # fmt: skip
    lm = mlflow.start_span_no_context(
        "LM.__call__", span_type="CHAT_MODEL", parent_span=module, inputs=MESSAGES,
        attributes={
            "model": "embedded/x", "temperature": None, "mlflow.llm.model": "embedded/x",
            "mlflow.llm.provider": "embedded", "mlflow.message.format": "dspy",
            "mlflow.chat.tokenUsage": USAGE, "mlflow.llm.cost": {"total_cost": 0.25},
        },
        start_time_ns=START + 2_000_000,
    )  # fmt: skip
    state = {"status": "ERROR"} if fails else {}
    lm.end(outputs=["shipping"], end_time_ns=START + 9_000_000)
    module.end(outputs=None if fails else OUTPUTS, end_time_ns=START + 10_000_000, **state)
    root.end(outputs=None if fails else OUTPUTS, end_time_ns=START + 12_000_000, **state)
    mlflow.log_feedback(
        trace_id=root.trace_id, name="user_rating", value="thumbs_down", source=HUMAN
    )
    mlflow.log_expectation(
        trace_id=root.trace_id, name="corrected_output", value={"topic": "refund"}, source=HUMAN
    )
    mlflow.log_feedback(trace_id=root.trace_id, name="comment", value="not so", source=HUMAN)
    return mlflow.get_trace(root.trace_id)


def recorded(journal: Journal, name: str, trace_id: str, *, fails: bool) -> None:
    """The same answer and the same feedback in the journal."""
    spans = [
        {
            "name": "Predict.forward", "type": "LLM", "id": "a" * 16, "parent": None,
            "start_ns": START + 1_000_000, "end_ns": START + 10_000_000,
            "status": "ERROR" if fails else "OK", "inputs": INPUTS,
            "outputs": None if fails else OUTPUTS, "attributes": {"signature": "text -> topic"},
        },
        {
            "name": "LM.__call__", "type": "CHAT_MODEL", "id": "b" * 16, "parent": "a" * 16,
            "start_ns": START + 2_000_000, "end_ns": START + 9_000_000, "status": "OK",
            "inputs": MESSAGES, "outputs": ["shipping"],
            "attributes": {
                "model": "embedded/x", "temperature": None, "prompt_tokens": 12,
                "completion_tokens": 3, "usd": 0.25,
            },
        },
    ]  # fmt: skip
    began = datetime.fromtimestamp(START / 1_000_000_000, tz=UTC)
    payload = {
        "inputs": INPUTS, "outputs": {} if fails else OUTPUTS, "latency_ms": 12.0,
        "started_at": began.isoformat(), **({"error": ""} if fails else {}),
    }  # fmt: skip
    said = {"rating": "thumbs_down", "corrected_output": {"topic": "refund"}, "comment": "not so"}
    journal.append(
        [
            NewPrediction(name, trace_id, payload, user_id="ana", version=2, spans=spans),
            NewFeedback(trace_id, said, f"{trace_id}-1", "ben"),
        ]
    )


def told(info: Any) -> dict[str, Any]:
    """What stands in a trace's header, but for ids and the differences that are meant."""
    metadata = {k: v for k, v in info.trace_metadata.items() if k not in ONLY_NATIVE_METADATA}
    tags = {k: v for k, v in info.tags.items() if k not in ONLY_NATIVE_TAGS | OTHERWISE_TAGS}
    return {
        "state": info.state, "request": info.request_preview, "response": info.response_preview,
        "began": info.request_time, "took": info.execution_duration,
        "asked": info.client_request_id, "metadata": metadata, "tags": tags,
    }  # fmt: skip


def shown(spans: Any, *, without: frozenset[str] | set[str] = frozenset()) -> list[dict[str, Any]]:
    """What stands in spans, parents by name."""
    names = {span.span_id: span.name for span in spans}
    unlike = OTHERWISE_ATTRIBUTES | ONLY_NATIVE_ATTRIBUTES | ONLY_MIRRORED_ATTRIBUTES | without
    return [
        {
            "name": span.name, "type": span.span_type, "parent": names.get(span.parent_id),
            "began": span.start_time_ns, "ended": span.end_time_ns, "status": span.status,
            "inputs": span.inputs, "outputs": span.outputs, "events": span.events,
            "attributes": {k: v for k, v in span.attributes.items() if k not in unlike},
        }
        for span in sorted(spans, key=lambda span: (span.start_time_ns, span.name))
    ]  # fmt: skip


def judged(info: Any) -> list[tuple[Any, ...]]:
    """What stands in assessments, but for ids, times and our own metadata."""
    return sorted(
        (
            type(found).__name__, found.name, str(found.value), found.source, found.rationale,
            found.valid, found.span_id, found.error,
        )
        for found in info.assessments
    )  # fmt: skip


@pytest.mark.parametrize("fails", [False, True])
def test_a_mirrored_answer_looks_as_if_mlflow_had_logged_it(
    home: Any, name: str, native: str, journal: Journal, fails: bool
) -> None:
    theirs = logged_natively(name, fails=fails)
    recorded(journal, name, mlflow_trace_id(name), fails=fails)
    ours = mirrored(home, journal, name, mlflow_trace_id(name))
    assert told(ours.info) == told(theirs.info)
    assert shown(ours.data.spans) == shown(theirs.data.spans)
    assert judged(ours.info) == judged(theirs.info)
    assert set(theirs.info.trace_metadata) - set(ours.info.trace_metadata) <= ONLY_NATIVE_METADATA
    assert ours.info.token_usage == USAGE


def test_a_program_looks_as_under_mlflows_own_tracing_of_dspy(
    home: Any, name: str, native: str, journal: Journal
) -> None:
    spec = order_spec(name)
    program = programs.build(spec)
    program.predictors()[0].demos = [
        dspy.Example(text=text, topic=topic).with_inputs("text") for text, topic in DEMOS
    ]
    lm = open_lm("embedded/in-context", cache_dir=None)
    served = LoadedModel(program, spec, None, "", ())
    answer = generate_program_response(served, INPUTS, lm=lm, journal=journal)
    ours = mirrored(home, journal, name, answer.trace_id)
    mlflow.dspy.autolog()
    with using_lm(lm):
        program(**INPUTS)
    (theirs,) = mlflow.search_traces(locations=[native], return_type="list")
    # An adapter's spans repeat what the LM's says; the root is the prediction, not the module.
    adapters = {"ChatAdapter.format", "ChatAdapter.parse"}
    wanted = [span for span in theirs.data.spans if span.name not in adapters]
    found = [span for span in ours.data.spans if span.parent_id is not None]
    timeless = {"began": None, "ended": None}
    assert [s | timeless for s in shown(found, without=TOKENS)] == [
        s | timeless for s in shown(wanted, without=TOKENS)
    ]
    for header in ("state", "request", "response"):
        assert told(ours.info)[header] == told(theirs.info)[header]
    assert ours.info.token_usage == theirs.info.token_usage
