"""The program spec: the one YAML file a user writes per program, every problem told at once."""

from __future__ import annotations

from dspyui_core.spec.reading import parse_spec, read_spec
from dspyui_core.spec.sections import (
    NAME_PATTERN,
    PYTHON_PREFIX,
    CheckSpec,
    Choice,
    DatasetSpec,
    FeedbackSpec,
    LmSpec,
    ProgramSpec,
    PromotionSpec,
    Section,
    Shares,
    SignatureSpec,
    Source,
    canonical_json,
)

__all__ = [
    "NAME_PATTERN",
    "PYTHON_PREFIX",
    "CheckSpec",
    "Choice",
    "DatasetSpec",
    "FeedbackSpec",
    "LmSpec",
    "ProgramSpec",
    "PromotionSpec",
    "Section",
    "Shares",
    "SignatureSpec",
    "Source",
    "canonical_json",
    "parse_spec",
    "read_spec",
]
