"""Inference: one answer, recorded in the journal before the caller gets it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import dspy

from dspyui_core.errors import InputError, Problem
from dspyui_core.evaluation import call, describe, is_of_dspy, outputs_of
from dspyui_core.extensions import choice_hint
from dspyui_core.fields import parse_row
from dspyui_core.lms import Tracer, as_lm_error, using_lm
from dspyui_core.records import Record
from dspyui_core.runner.plain import fitted, plain
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Journal, NewPrediction, Spans

SPAN_BYTES: Final = 65_536


class Served(Protocol):
    """What serving needs of a loaded version; `version` is None for a program without one."""

    @property
    def program(self) -> dspy.Module: ...
    @property
    def spec(self) -> ProgramSpec: ...
    @property
    def version(self) -> int | None: ...


class Answer(Record):
    """A recorded answer; `trace_id` is what feedback names."""

    program: str
    version: int | None
    trace_id: str
    outputs: Mapping[str, Any]
    latency_ms: float


@dataclass(frozen=True, slots=True)
class _Measured:
    outputs: dict[str, Any]
    error: Exception | None
    latency_ms: float
    calls: int
    usd: float | None
    spans: Spans | None


def new_trace_id() -> str:
    """A fresh trace id in MLflow's form: `tr-` and 32 hex digits."""
    return f"tr-{uuid.uuid4().hex}"


def load_program_metadata(spec: ProgramSpec) -> dict[str, Any]:
    """What a program takes and gives: name, instructions, input and output fields by name."""
    return {
        "name": spec.name,
        "description": spec.description,
        "instructions": spec.signature.instructions,
        "input_fields": {f.name: f.model_dump(mode="json") for f in spec.signature.inputs},
        "output_fields": {f.name: f.model_dump(mode="json") for f in spec.signature.outputs},
        "dspy_module": spec.module.name,
        "lm": spec.lm.name,
    }


def generate_program_response(
    served: Served,
    inputs: Mapping[str, Any],
    *,
    lm: dspy.LM,
    journal: Journal,
    user_id: str | None = None,
    new_id: Callable[[], str] = new_trace_id,
    span_bytes: int = SPAN_BYTES,
) -> Answer:
    """Answer one input; the answer is durable in the journal before this returns.

    Its spans are recorded with it, clipped to `span_bytes` of JSON; 0 records none.
    A failure of the program is recorded too, then raised: LMError where the LM did not answer.
    Raises InputError naming every wrong input, and records nothing.
    """
    values = checked_inputs(served.spec, inputs)
    answer, error = ask(
        served, values, lm=lm, trace_id=new_id(), user_id=user_id, span_bytes=span_bytes
    )
    journal.append([answer])
    if error is not None:
        raise _raised(error)
    return Answer(
        program=answer.program,
        version=answer.version,
        trace_id=answer.trace_id,
        outputs=answer.payload["outputs"],
        latency_ms=answer.payload["latency_ms"],
    )


def ask(
    served: Served,
    values: Mapping[str, Any],
    *,
    lm: dspy.LM,
    trace_id: str,
    user_id: str | None = None,
    span_bytes: int = SPAN_BYTES,
) -> tuple[NewPrediction, Exception | None]:
    """The program's answer to typed inputs, ready for the journal, and what went wrong if it did.

    Nothing is recorded yet, and nothing is raised: a failure is an answer with an error.
    """
    # Before the program has them: one that changes its arguments changes no record.
    asked = plain(values)
    started = datetime.now(UTC)
    measured = _run(served, values, lm, span_bytes)
    payload = _payload(asked, measured, served, started)
    new = NewPrediction(
        served.spec.name,
        trace_id,
        payload,
        user_id=user_id,
        version=served.version,
        spans=measured.spans,
    )
    return new, measured.error


def checked_inputs(spec: ProgramSpec, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The typed inputs. Raises InputError with every problem, unknown names included."""
    names = tuple(field.name for field in spec.signature.inputs)
    values, problems = parse_row(spec.signature.inputs, inputs)
    unknown = [
        Problem(name, "is no input here", inputs[name], choice_hint(name, names))
        for name in sorted(set(inputs) - set(names))
    ]
    if unknown or problems:
        known = f"the inputs of {spec.name!r} are: {', '.join(names)}"
        raise InputError(f"the inputs do not fit {spec.name!r}", unknown + problems, hint=known)
    return values


def _run(served: Served, values: Mapping[str, Any], lm: dspy.LM, span_bytes: int) -> _Measured:
    names = [field.name for field in served.spec.signature.outputs]
    start = time.perf_counter()
    outputs: dict[str, Any] = {}
    error: Exception | None = None
    tracer = Tracer()
    with using_lm(lm, meter=tracer):
        try:
            outputs = outputs_of(call(served.program, values), names)
        except Exception as caught:  # noqa: BLE001 - the edge that records a failed prediction
            error = caught
    latency = (time.perf_counter() - start) * 1000
    used = tracer.snapshot()
    spans = fitted(tracer.spans(), span_bytes)
    return _Measured(outputs, error, latency, used.calls, used.usd, spans)


def _payload(
    values: Mapping[str, Any], measured: _Measured, served: Served, started: datetime
) -> dict[str, Any]:
    payload = {
        "inputs": dict(values),
        "outputs": measured.outputs,
        "latency_ms": round(measured.latency_ms, 3),
        "started_at": started.isoformat(),
        "lm": {"name": served.spec.lm.name, "calls": measured.calls, "usd": measured.usd},
    }
    return payload if measured.error is None else {**payload, "error": describe(measured.error)}


def _raised(error: Exception) -> Exception:
    return as_lm_error(error) if is_of_dspy(error) else error
