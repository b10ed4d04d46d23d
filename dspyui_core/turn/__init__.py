"""One turn of the loop, step by step; every finished step is recorded and never redone."""

from __future__ import annotations

from dspyui_core.turn.adopting import Adopted, adopt_run, would_adopt
from dspyui_core.turn.by_hand import (
    MirrorReport,
    Promoted,
    PromoteRequest,
    RollbackRequest,
    mirror_program,
    promote_by_hand,
    roll_back_by_hand,
)
from dspyui_core.turn.compiling import compile_candidate
from dspyui_core.turn.deciding import decide_release
from dspyui_core.turn.evaluating import evaluate_programs
from dspyui_core.turn.exporting import ExportRequest, export_feedback
from dspyui_core.turn.finishing import failed_report, finish
from dspyui_core.turn.lineage import AnswerLineage, DemoOrigin, answer_lineage
from dspyui_core.turn.opening import Opened, TurnRequest, open_turn, request_spec
from dspyui_core.turn.planning import TurnPlan, plan_turn
from dspyui_core.turn.releasing import Concluded, Registered, conclude, register_version
from dspyui_core.turn.scoring import FileScore, ScoredAnswer, score_file
from dspyui_core.turn.showing import (
    TurnDetails,
    decision_markdown,
    run_link,
    score_table,
    turn_details,
)
from dspyui_core.turn.status import ProgramStatus, program_status
from dspyui_core.turn.steps import Evaluated

__all__ = [
    "Adopted",
    "AnswerLineage",
    "Concluded",
    "DemoOrigin",
    "Evaluated",
    "ExportRequest",
    "FileScore",
    "MirrorReport",
    "Opened",
    "ProgramStatus",
    "PromoteRequest",
    "Promoted",
    "Registered",
    "RollbackRequest",
    "ScoredAnswer",
    "TurnDetails",
    "TurnPlan",
    "TurnRequest",
    "adopt_run",
    "answer_lineage",
    "compile_candidate",
    "conclude",
    "decide_release",
    "decision_markdown",
    "evaluate_programs",
    "export_feedback",
    "failed_report",
    "finish",
    "mirror_program",
    "open_turn",
    "plan_turn",
    "program_status",
    "promote_by_hand",
    "register_version",
    "request_spec",
    "roll_back_by_hand",
    "run_link",
    "score_file",
    "score_table",
    "turn_details",
    "would_adopt",
]
