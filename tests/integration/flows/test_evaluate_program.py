"""The flow evaluate-program."""

from __future__ import annotations

from dspyui_core.records import Decision
from flows.evaluate_program import evaluate_program
from support.artifacts import newest


def test_the_verdict_comes_with_its_reasons_and_nothing_is_registered(desk):
    decision = evaluate_program(desk.request)

    assert isinstance(decision, Decision)
    assert (decision.verdict, decision.subject) == ("promote", "candidate")
    assert decision.reasons
    assert desk.ws.client.search_registered_models() == []


def test_the_score_table_and_the_decision_are_artifacts(desk):
    evaluate_program(desk.request)

    assert {row["program"] for row in newest("desk-scores")} == {"baseline", "candidate"}
    assert newest("desk-decision").startswith("# Promote: the candidate will serve")
