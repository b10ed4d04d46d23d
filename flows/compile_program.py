"""compile-program: open or resume the turn of a program and compile its candidate."""

from __future__ import annotations

from prefect import flow

from dspyui_core.records import CandidateRef, Turn
from dspyui_core.turn import TurnRequest
from flows._command import run_as_command
from flows._names import artifact_key, run_name
from tasks._workspace import turn_of
from tasks.compiling import compile_candidate
from tasks.datasets import open_turn
from tasks.publishing import publish_problems


@flow(name="compile-program", flow_run_name=run_name)
def compile_program(request: TurnRequest) -> CandidateRef | Turn:
    """Stop after compiling; the turn stays open, and the next flow goes on with it."""
    with turn_of(request):
        opened = open_turn(request)
        publish_problems(artifact_key(request.program.stem), opened.problems)
        if opened.report:
            return opened.report
        return compile_candidate(opened.turn_id)


if __name__ == "__main__":
    run_as_command("compile-program")
