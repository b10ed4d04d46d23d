"""evaluate-program: take the turn of a program as far as the comparison and its verdict."""

from __future__ import annotations

from prefect import flow

from dspyui_core.records import Decision, Turn
from dspyui_core.turn import TurnRequest
from flows._command import run_as_command
from flows._policy import TOLD
from tasks._keys import artifact_key
from tasks._workspace import turn_of
from tasks.compiling import compile_candidate
from tasks.datasets import open_turn
from tasks.evaluating import decide, evaluate_programs
from tasks.publishing import publish_decision, publish_scores


@flow(name="evaluate-program", **TOLD)
def evaluate_program(request: TurnRequest) -> Decision | Turn:
    """Stop after deciding; nothing is registered yet, and the turn stays open."""
    key = artifact_key(request.program.stem)
    with turn_of(request):
        opened = open_turn(request)
        if opened.report:
            return opened.report
        compile_candidate(opened.turn_id)
        evaluate_programs(opened.turn_id)
        publish_scores(key, opened.turn_id)
        decision = decide(opened.turn_id)
        publish_decision(key, opened.turn_id)
        return decision


if __name__ == "__main__":
    run_as_command("evaluate-program")
