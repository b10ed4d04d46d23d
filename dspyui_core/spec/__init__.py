"""The program spec: the one YAML file a user writes per program, every problem told at once."""

from __future__ import annotations

from dspyui_core.spec.base import PYTHON_PREFIX, Choice, Section
from dspyui_core.spec.checking import (
    BurstSpec,
    ClassBalanceSpec,
    CopiedInputSpec,
    DriftSpec,
    ExactDuplicatesSpec,
    InjectedInstructionsSpec,
    LabelNoiseSpec,
    LanguageChangeSpec,
    NearDuplicatesSpec,
    PersonalDataSpec,
    RaterTrustSpec,
)
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
from dspyui_core.spec.feeding import FeedbackSpec
from dspyui_core.spec.reading import parse_spec, read_spec
from dspyui_core.spec.sections import (
    LENGTH_SLICE,
    NAME_PATTERN,
    EvaluationSpec,
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
    "BurstSpec",
    "CheckSpec",
    "Choice",
    "ClassBalanceSpec",
    "ClassMinimum",
    "CopiedInputSpec",
    "DatasetSpec",
    "DriftSpec",
    "EvaluationSpec",
    "ExactDuplicatesSpec",
    "FeedbackSpec",
    "GateCheck",
    "InjectedInstructionsSpec",
    "LabelNoiseSpec",
    "LanguageChangeSpec",
    "LmSpec",
    "NearDuplicatesSpec",
    "PersonalDataSpec",
    "ProgramSpec",
    "PromotionSpec",
    "RaterTrustSpec",
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
