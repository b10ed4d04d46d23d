"""The program spec: the one YAML file a user writes per program, every problem told at once."""

from __future__ import annotations

from dspyui_core.spec.base import PYTHON_PREFIX, Choice, Section
from dspyui_core.spec.data import (
    GATE_CHECKS,
    CheckSpec,
    ClassMinimum,
    DatasetSpec,
    GateCheck,
    Shares,
    Source,
    SplitMinimums,
)
from dspyui_core.spec.reading import parse_spec, read_spec
from dspyui_core.spec.sections import (
    LENGTH_SLICE,
    NAME_PATTERN,
    EvaluationSpec,
    FeedbackSpec,
    LmSpec,
    ProgramSpec,
    PromotionSpec,
    SignatureSpec,
    canonical_json,
)
from dspyui_core.spec.starting import ScheduleSpec, TriggerSpec
from dspyui_core.spec.watching import WatchSpec

__all__ = [
    "GATE_CHECKS",
    "LENGTH_SLICE",
    "NAME_PATTERN",
    "PYTHON_PREFIX",
    "CheckSpec",
    "Choice",
    "ClassMinimum",
    "DatasetSpec",
    "EvaluationSpec",
    "FeedbackSpec",
    "GateCheck",
    "LmSpec",
    "ProgramSpec",
    "PromotionSpec",
    "ScheduleSpec",
    "Section",
    "Shares",
    "SignatureSpec",
    "Source",
    "SplitMinimums",
    "TriggerSpec",
    "WatchSpec",
    "canonical_json",
    "parse_spec",
    "read_spec",
]
