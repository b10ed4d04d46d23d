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
from dspyui_core.pages.data import LARGEST_PAGE, data_page
from dspyui_core.pages.data_contents import (
    ClassesOf,
    ClassRows,
    DataCheck,
    DataReport,
    DoubtedRow,
    HeldRow,
    HeldRows,
    LengthsOf,
    SplitChange,
    VersionChange,
)
from dspyui_core.pages.decision import decision_page

__all__ = [
    "LARGEST_PAGE",
    "ChangedAnswer",
    "ClassRows",
    "ClassesOf",
    "DataCheck",
    "DataReport",
    "DecisionReport",
    "DoubtedRow",
    "FailureCount",
    "HeldRow",
    "HeldRows",
    "LearningCurve",
    "LengthsOf",
    "ReplayCounts",
    "ScoredProgram",
    "SplitChange",
    "TurnFacts",
    "TurnPoint",
    "VersionChange",
    "Wear",
    "curve_page",
    "data_page",
    "decision_page",
]
