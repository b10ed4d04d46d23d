"""Pages: plain records in, one self-contained HTML page out; the house style of all of them.

A page asks no network for anything and runs no script, so that it opens in MLflow's viewer, from
an e-mail and from a folder alike.
"""

from dspyui_core.pages.contents import (
    ChangedAnswer,
    DecisionReport,
    FailureCount,
    LearningCurve,
    ReplayCounts,
    ScoredProgram,
    TurnFacts,
    TurnPoint,
    Wear,
)
from dspyui_core.pages.curve import curve_page
from dspyui_core.pages.decision import decision_page

__all__ = [
    "ChangedAnswer",
    "DecisionReport",
    "FailureCount",
    "LearningCurve",
    "ReplayCounts",
    "ScoredProgram",
    "TurnFacts",
    "TurnPoint",
    "Wear",
    "curve_page",
    "decision_page",
]
