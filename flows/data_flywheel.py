"""data-flywheel: one turn of the loop, from the rows to the champion."""

from __future__ import annotations

from prefect import flow

from dspyui_core.records import Turn
from dspyui_core.turn import TurnRequest
from flows._command import run_as_command
from flows._names import artifact_key, run_name
from tasks._workspace import turn_of
from tasks.compiling import compile_candidate
from tasks.datasets import open_turn
from tasks.evaluating import decide, evaluate_programs
from tasks.mirroring import mirror_journal
from tasks.promoting import conclude, finish
from tasks.publishing import (
    publish_decision,
    publish_page_link,
    publish_problems,
    publish_run_link,
    publish_scores,
)
from tasks.registering import register_version


@flow(name="data-flywheel", flow_run_name=run_name)
def data_flywheel(request: TurnRequest) -> Turn:
    """Take one turn: a better program is promoted, anything else says why it is not."""
    key = artifact_key(request.program.stem)
    with turn_of(request):
        mirror_journal(request)
        opened = open_turn(request)
        publish_problems(key, opened.problems)
        if opened.report:
            return opened.report

        compile_candidate(opened.turn_id)
        publish_run_link(key, opened.turn_id)
        evaluate_programs(opened.turn_id)
        publish_scores(key, opened.turn_id)

        decision = decide(opened.turn_id)
        publish_decision(key, opened.turn_id)
        if decision.registers:
            register_version(opened.turn_id)
        conclude(opened.turn_id)
        turn = finish(opened.turn_id)
        publish_page_link(key, opened.turn_id)
        return turn


if __name__ == "__main__":
    run_as_command("data-flywheel")
