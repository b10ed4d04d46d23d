"""Paired statistics: candidate against opponent on the same rows."""

from dspyui_core.comparison.comparing import compare, compare_scores, score_interval
from dspyui_core.comparison.power import POWER, rows_needed, smallest_detectable
from dspyui_core.comparison.significance import mcnemar

__all__ = [
    "POWER",
    "compare",
    "compare_scores",
    "mcnemar",
    "rows_needed",
    "score_interval",
    "smallest_detectable",
]
