"""The program spec: the one YAML file a user writes per program, every problem told at once."""

from __future__ import annotations

from dspyui_core.spec.reading import parse_spec, read_spec
from dspyui_core.spec.sections import (
    GATE_CHECKS,
    NAME_PATTERN,
    PYTHON_PREFIX,
    CheckSpec,
    Choice,
    ClassMinimum,
    DatasetSpec,
    FeedbackSpec,
    GateCheck,
    LmSpec,
    ProgramSpec,
    PromotionSpec,
    Section,
    Shares,
    SignatureSpec,
    Source,
    SplitMinimums,
    canonical_json,
)

__all__ = [
    "GATE_CHECKS",
    "NAME_PATTERN",
    "PYTHON_PREFIX",
    "CheckSpec",
    "Choice",
    "ClassMinimum",
    "DatasetSpec",
    "FeedbackSpec",
    "GateCheck",
    "LmSpec",
    "ProgramSpec",
    "PromotionSpec",
    "Section",
    "Shares",
    "SignatureSpec",
    "Source",
    "SplitMinimums",
    "canonical_json",
    "parse_spec",
    "read_spec",
]
