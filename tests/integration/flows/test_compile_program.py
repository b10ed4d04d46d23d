"""The flow compile-program."""

from __future__ import annotations

from dspyui_core.records import CandidateRef
from flows.compile_program import compile_program


def test_the_candidate_is_kept_in_the_turns_run_and_the_turn_stays_open(desk):
    candidate = compile_program(desk.request)

    assert isinstance(candidate, CandidateRef)
    assert desk.ws.client.get_run(candidate.run_id).data.tags["dspyui.turn"] == "desk-0001"
    assert desk.ws.turns.open_turn_of("desk").turn_id == "desk-0001"


def test_running_it_again_resumes_the_turn_and_compiles_nothing(desk):
    first = compile_program(desk.request)
    recorded = desk.ws.turns.steps("desk-0001")

    second = compile_program(desk.request)

    assert second == first
    assert desk.ws.turns.steps("desk-0001") == recorded


def test_a_changed_spec_abandons_the_open_turn_and_opens_the_next(desk):
    compile_program(desk.request)
    desk.respec(seed=7)

    compile_program(desk.request)

    newest, before = desk.ws.turns.history("desk")
    assert (before.outcome, newest.turn_id, newest.state) == ("abandoned", "desk-0002", "open")
