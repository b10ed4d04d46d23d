"""Inference: single answers and whole files, in the journal before the caller has them."""

from dspyui_core.runner.answering import (
    SPAN_BYTES,
    Answer,
    Served,
    ask,
    checked_inputs,
    generate_program_response,
    load_program_metadata,
    new_trace_id,
)
from dspyui_core.runner.batch import (
    BatchPlan,
    BatchReport,
    Part,
    PartAnswered,
    plan_batch,
    run_batch_inference,
    validate_csv_headers,
)
from dspyui_core.runner.journaled import Journaled, trace_id_of
from dspyui_core.runner.recording import Recorder, RecordingStats, asked_by
from dspyui_core.runner.replay import Replayed, replay_inputs

__all__ = [
    "SPAN_BYTES",
    "Answer",
    "BatchPlan",
    "BatchReport",
    "Journaled",
    "Part",
    "PartAnswered",
    "Recorder",
    "RecordingStats",
    "Replayed",
    "Served",
    "ask",
    "asked_by",
    "checked_inputs",
    "generate_program_response",
    "load_program_metadata",
    "new_trace_id",
    "plan_batch",
    "replay_inputs",
    "run_batch_inference",
    "trace_id_of",
    "validate_csv_headers",
]
