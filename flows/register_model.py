"""register-model: take the turn of a program as far as a registered version."""

from __future__ import annotations

from prefect import flow

from dspyui_core.records import Turn
from dspyui_core.turn import Registered, TurnRequest
from flows._command import run_as_command
from flows._policy import TOLD
from tasks._workspace import turn_of
from tasks.compiling import compile_candidate
from tasks.datasets import open_turn
from tasks.evaluating import decide, evaluate_programs
from tasks.promoting import conclude, finish
from tasks.registering import register_version


@flow(name="register-model", **TOLD)
def register_model(request: TurnRequest) -> Registered | Turn:
    """Stop after registering; a turn whose verdict lets nothing pass is finished."""
    with turn_of(request):
        opened = open_turn(request)
        if opened.report:
            return opened.report
        compile_candidate(opened.turn_id)
        evaluate_programs(opened.turn_id)
        decision = decide(opened.turn_id)
        if decision.registers:
            return register_version(opened.turn_id)
        conclude(opened.turn_id)
        return finish(opened.turn_id)


if __name__ == "__main__":
    run_as_command("register-model")
