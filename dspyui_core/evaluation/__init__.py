"""Program x rows x metric -> ScoreCard, and what a card says beside its mean: slices, F1, cost."""

from dspyui_core.evaluation.answering import call, describe, is_of_dspy, outputs_of
from dspyui_core.evaluation.f1 import macro_f1
from dspyui_core.evaluation.measuring import latency_of, usd_per_thousand
from dspyui_core.evaluation.scoring import evaluate, uncached
from dspyui_core.evaluation.slices import (
    OTHER,
    SMALLEST,
    compare_slices,
    score_slices,
    slices_of,
)

__all__ = [
    "OTHER",
    "SMALLEST",
    "call",
    "compare_slices",
    "describe",
    "evaluate",
    "is_of_dspy",
    "latency_of",
    "macro_f1",
    "outputs_of",
    "score_slices",
    "slices_of",
    "uncached",
    "usd_per_thousand",
]
