"""compile-program: open or resume the turn of a program and compile its candidate."""

from __future__ import annotations

from prefect import flow

from dspyui_core.records import CandidateRef, Turn
from dspyui_core.turn import TurnRequest
from flows._command import run_as_command
from flows._policy import TOLD
from tasks._keys import artifact_key
from tasks._workspace import turn_of
from tasks.compiling import compile_candidate
from tasks.datasets import open_turn
from tasks.publishing import publish_data


@flow(name="compile-program", **TOLD)
def compile_program(request: TurnRequest) -> CandidateRef | Turn:
    """Stop after compiling; the turn stays open, and the next flow goes on with it."""
    with turn_of(request):
        opened = open_turn(request)
        publish_data(artifact_key(request.program.stem), opened.turn_id)
        if opened.report:
            return opened.report
        return compile_candidate(opened.turn_id)


if __name__ == "__main__":
    run_as_command("compile-program")
