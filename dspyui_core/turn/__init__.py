"""One turn of the loop, step by step; every finished step is recorded and never redone."""

from __future__ import annotations

from dspyui_core.turn.adopting import Adopted, adopt_run, would_adopt
from dspyui_core.turn.batching import BatchRequest, answer_file, plan_file
from dspyui_core.turn.by_hand import (
    Promoted,
    PromoteRequest,
    RollbackRequest,
    promote_by_hand,
    roll_back_by_hand,
)
from dspyui_core.turn.compiling import compile_candidate
from dspyui_core.turn.deciding import decide_release
from dspyui_core.turn.evaluating import evaluate_programs
from dspyui_core.turn.exporting import ExportRequest, export_feedback
from dspyui_core.turn.finishing import failed_report, finish
from dspyui_core.turn.lineage import AnswerLineage, DemoOrigin, answer_lineage
from dspyui_core.turn.mirroring import (
    MirrorPlan,
    MirrorReport,
    MirrorRun,
    ProgramLag,
    follow,
    lags,
    mirror_all,
    mirror_program,
    mirrored_programs,
)
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
from dspyui_core.turn.status import HomeStatus, ProgramStatus, home_status
from dspyui_core.turn.steps import Evaluated

__all__ = [
    "Adopted",
    "AnswerLineage",
    "BatchRequest",
    "Concluded",
    "DemoOrigin",
    "Evaluated",
    "ExportRequest",
    "FileScore",
    "HomeStatus",
    "MirrorPlan",
    "MirrorReport",
    "MirrorRun",
    "Opened",
    "ProgramLag",
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
    "answer_file",
    "answer_lineage",
    "compile_candidate",
    "conclude",
    "decide_release",
    "decision_markdown",
    "evaluate_programs",
    "export_feedback",
    "failed_report",
    "finish",
    "follow",
    "home_status",
    "lags",
    "mirror_all",
    "mirror_program",
    "mirrored_programs",
    "open_turn",
    "plan_file",
    "plan_turn",
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
