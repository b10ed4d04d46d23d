"""The flow data-flywheel: whole turns."""

from __future__ import annotations

import pytest

from dspyui_core.errors import BusyError
from dspyui_core.mlflow_registry import CHAMPION, alias_version
from dspyui_core.promotion import Ledger
from flows.data_flywheel import data_flywheel
from support import tiny
from support.artifacts import newest


def test_a_first_turn_promotes_a_better_candidate_over_the_baseline(desk):
    turn = data_flywheel(desk.request)

    assert (turn.outcome, turn.model_version) == ("promoted", 1)
    assert turn.scores.candidate > turn.scores.baseline + 0.1
    assert alias_version(desk.ws.client, "desk", CHAMPION) == 1


def test_the_turn_has_one_mlflow_run_with_scores_and_its_dataset(desk):
    turn = data_flywheel(desk.request)

    experiment = desk.ws.experiment("desk")
    [run] = desk.ws.client.search_runs([experiment])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["evaluation_score"] == pytest.approx(turn.scores.candidate)
    assert run.data.metrics["baseline_score"] == pytest.approx(turn.scores.baseline)
    assert run.data.params["file_hash"] == turn.dataset.version
    [dataset] = run.inputs.dataset_inputs
    assert turn.dataset.version.startswith(dataset.dataset.digest)


def test_the_artifacts_let_a_person_decide(desk):
    data_flywheel(desk.request)

    assert newest("desk-scores")
    assert "interval" in newest("desk-decision")
    assert "160" in newest("desk-data-report")
    assert "runs/" in newest("desk-mlflow-run")
    assert "/artifacts/decision.html" in newest("desk-decision-page")


def test_an_idle_turn_compiles_nothing_and_makes_no_version(desk):
    data_flywheel(desk.request)

    turn = data_flywheel(desk.request)

    assert (turn.outcome, turn.lm.calls) == ("nothing-new", 0)
    assert len(desk.ws.releases.versions("desk")) == 1
    assert len(desk.ws.turns.history("desk")) == 1


def test_too_little_feedback_says_how_much_is_missing(desk):
    data_flywheel(desk.request)
    desk.use(corrections=3)

    turn = data_flywheel(desk.request)

    assert turn.outcome == "nothing-new"
    assert "2 more are needed" in turn.message


def test_feedback_becomes_training_rows_but_never_holdout_rows(desk):
    first = data_flywheel(desk.request)
    desk.use(corrections=20)

    second = data_flywheel(desk.request)

    grown = second.dataset.train + second.dataset.validation
    assert grown == first.dataset.train + first.dataset.validation + 20 - second.dataset.parked
    assert second.dataset.holdout == first.dataset.holdout


def test_predictions_and_feedback_are_mirrored_to_mlflow(desk):
    data_flywheel(desk.request)
    desk.use(corrections=6)

    data_flywheel(desk.request)

    traces = desk.ws.client.search_traces(locations=[desk.ws.experiment("desk")])
    assert len(traces) == 6
    assert {a.name for t in traces for a in t.info.assessments} == {
        "user_rating",
        "corrected_output",
    }


def test_a_blocked_dataset_changes_nothing_downstream(desk):
    tiny.write_csv(desk.folder / "rows.csv", [("one row", "amber")])

    turn = data_flywheel(desk.request)

    assert (turn.outcome, turn.model_version) == ("blocked", None)
    assert desk.ws.client.search_registered_models() == []


def test_a_champion_moved_while_the_turn_ran_makes_its_evidence_stale(desk, monkeypatch):
    data_flywheel(desk.request)
    desk.respec(seed=5)
    append = Ledger.append

    def overtaken(self, program, *, predecessor, **decision):
        by_hand = {"kind": "rollback", "verdict": "promote", "version": 1, "actor": "ana"}
        monkeypatch.setattr(Ledger, "append", append)
        append(self, program, predecessor=predecessor, **by_hand)
        return append(self, program, predecessor=predecessor, **decision)

    monkeypatch.setattr(Ledger, "append", overtaken)

    turn = data_flywheel(desk.request)

    assert turn.outcome == "abandoned"
    assert "somebody else decided" in turn.message


def test_an_alias_moved_by_hand_makes_the_next_promotion_ask(desk):
    data_flywheel(desk.request)
    desk.ws.client.delete_registered_model_alias("desk", CHAMPION)
    desk.respec(seed=11)

    turn = data_flywheel(desk.request)

    assert turn.outcome == "awaiting-approval"
    assert "moved by hand" in " ".join(turn.decision.reasons)
    assert alias_version(desk.ws.client, "desk", CHAMPION) is None


def test_two_turns_of_one_program_never_run_at_once(desk):
    with desk.ws.lock("desk"), pytest.raises(BusyError, match="already running"):
        data_flywheel(desk.request)
