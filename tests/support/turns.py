"""Owns taking a turn as a library does: step by step, in this process and without Prefect."""

from __future__ import annotations

from pathlib import Path

from dspyui_core.records import Turn
from dspyui_core.turn import (
    TurnRequest,
    compile_candidate,
    conclude,
    decide_release,
    evaluate_programs,
    finish,
    open_turn,
    register_version,
)
from dspyui_core.workspace import Workspace


def take_turn(ws: Workspace, program: Path) -> Turn:
    """One turn of a program, from its spec to its report."""
    opened = open_turn(ws, TurnRequest(program=program))
    if opened.report is not None:
        return opened.report
    compile_candidate(ws, opened.turn_id)
    evaluate_programs(ws, opened.turn_id)
    if decide_release(ws, opened.turn_id).registers:
        register_version(ws, opened.turn_id)
    conclude(ws, opened.turn_id)
    return finish(ws, opened.turn_id)
