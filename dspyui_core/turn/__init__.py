"""One turn of the loop, step by step; every finished step is recorded and never redone."""

from __future__ import annotations

from dspyui_core.turn.by_hand import (
    MirrorReport,
    Promoted,
    PromoteRequest,
    mirror_program,
    promote_by_hand,
)
from dspyui_core.turn.compiling import compile_candidate
from dspyui_core.turn.deciding import decide_release
from dspyui_core.turn.evaluating import evaluate_programs
from dspyui_core.turn.finishing import failed_report, finish
from dspyui_core.turn.opening import Opened, TurnRequest, open_turn, request_spec
from dspyui_core.turn.releasing import Concluded, Registered, conclude, register_version
from dspyui_core.turn.showing import decision_markdown, run_link, score_table
from dspyui_core.turn.status import ProgramStatus, program_status
from dspyui_core.turn.steps import Evaluated

__all__ = [
    "Concluded",
    "Evaluated",
    "MirrorReport",
    "Opened",
    "ProgramStatus",
    "PromoteRequest",
    "Promoted",
    "Registered",
    "TurnRequest",
    "compile_candidate",
    "conclude",
    "decide_release",
    "decision_markdown",
    "evaluate_programs",
    "failed_report",
    "finish",
    "mirror_program",
    "open_turn",
    "program_status",
    "promote_by_hand",
    "register_version",
    "request_spec",
    "run_link",
    "score_table",
]
