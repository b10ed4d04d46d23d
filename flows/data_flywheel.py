"""data-flywheel: one turn of the loop, from the rows to the champion."""

from __future__ import annotations

from prefect import State, flow

from dspyui_core.records import Turn
from dspyui_core.turn import TurnRequest
from flows._approval import ask_person
from flows._command import run_as_command
from flows._names import name_run
from flows._policy import TOLD
from flows._states import ended
from tasks._keys import artifact_key
from tasks._workspace import turn_of
from tasks.compiling import compile_candidate
from tasks.datasets import open_turn
from tasks.evaluating import decide, evaluate_programs
from tasks.mirroring import mirror_journal
from tasks.promoting import conclude, finish
from tasks.publishing import (
    publish_changes,
    publish_data,
    publish_decision,
    publish_links,
    publish_run_link,
    publish_scores,
)
from tasks.registering import register_version


@flow(name="data-flywheel", **TOLD)
def data_flywheel(request: TurnRequest) -> State[Turn]:
    """Take one turn: a better program is promoted, anything else says why it is not."""
    key = artifact_key(request.program.stem)
    with turn_of(request):
        mirror_journal(request)
        opened = open_turn(request)
        publish_data(key, opened.turn_id)
        if opened.report:
            return ended(opened.report)
        name_run(opened.turn_id, request.reason)

        compile_candidate(opened.turn_id)
        publish_run_link(key, opened.turn_id)
        evaluate_programs(opened.turn_id)
        publish_scores(key, opened.turn_id)

        decision = decide(opened.turn_id)
        publish_decision(key, opened.turn_id)
        publish_changes(key, opened.turn_id)
        if decision.registers:
            register_version(opened.turn_id)
        conclude(opened.turn_id)
        turn = finish(opened.turn_id)
        publish_links(key, opened.turn_id)
        if turn.outcome == "awaiting-approval":
            ask_person(request, turn)
        return ended(turn)


if __name__ == "__main__":
    run_as_command("data-flywheel")
