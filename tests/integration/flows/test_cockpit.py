"""What a person sees in Prefect's UI: names, states, artifacts and remedies."""

from __future__ import annotations

from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, FlowRunFilter
from prefect.client.schemas.objects import FlowRun

from dspyui_core import turn
from dspyui_core.errors import LMError, SpecError
from dspyui_core.turn import TurnRequest, counted
from flows.data_flywheel import data_flywheel
from support.artifacts import newest
from tasks._progress import Progress


def runs() -> list[FlowRun]:
    """All flow runs, the newest first."""
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(flow_run_filter=FlowRunFilter())
    return sorted(found, key=lambda run: run.created, reverse=True)


def linked(key: str) -> set[UUID | None]:
    """The runs that artifacts of this key belong to."""
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        return {found.flow_run_id for found in client.read_artifacts(artifact_filter=wanted)}


def test_a_run_is_named_by_its_program_turn_and_reason(desk):
    data_flywheel(TurnRequest(program=desk.program, reason="new feedback"))

    assert runs()[0].name == "data-flywheel desk-0001: new feedback"


def test_a_run_ends_under_its_outcome_and_says_why(desk):
    taken = data_flywheel(desk.request)
    promoted = runs()[0]
    data_flywheel(desk.request)
    idle = runs()[0]

    assert taken.outcome == "promoted"
    assert (promoted.state.type, promoted.state.name) == ("COMPLETED", "Promoted")
    assert promoted.state.message.startswith("version 1; candidate ")
    assert (idle.state.type, idle.state.name) == ("COMPLETED", "Nothing new")


def test_a_refused_turn_is_completed_and_not_failed(desk):
    data_flywheel(desk.request)
    desk.respec(seed=3)

    taken = data_flywheel(desk.request)

    assert taken.outcome in ("refused", "inconclusive")
    assert (runs()[0].state.type, runs()[0].state.name) == (
        "COMPLETED",
        taken.outcome.capitalize(),
    )


def test_artifacts_show_scores_changed_answers_and_where_everything_is(desk):
    data_flywheel(desk.request)

    assert {"ms, median", "USD for 1,000"} <= newest("desk-scores")[0].keys()
    changed = newest("desk-changed-answers")
    assert {"change", "input", "expected", "baseline", "candidate"} == changed[0].keys()
    assert {row["change"] for row in changed} <= {"won", "lost", "same"}
    assert "desk/versions/1" in newest("desk-version")
    assert "decision.html" in newest("desk-decision-page")


def test_a_failed_run_keeps_its_remedy_as_an_artifact(desk, monkeypatch: pytest.MonkeyPatch):
    def away(*args: object, **options: object) -> None:
        raise LMError("the LM answers nobody", hint="start it, and retry")

    monkeypatch.setattr(turn, "open_turn", away)
    monkeypatch.setattr("tasks.datasets.open_turn.retries", 0)

    with pytest.raises(LMError):
        data_flywheel(desk.request)

    told = newest("desk-failure")
    assert "the LM answers nobody. start it, and retry" in told
    assert f"`dspyui run data-flywheel --program {desk.program}`" in told
    assert linked("desk-failure") >= {runs()[0].id}


def test_a_run_for_a_spec_that_is_gone_says_so_and_changes_nothing(desk):
    desk.program.unlink()

    with pytest.raises(SpecError):
        data_flywheel(desk.request)

    assert runs()[0].state.name == "Failed"
    assert f"`{desk.program}`" in newest("desk-failure")
    assert "dspyui deploy" in newest("desk-failure")
    assert desk.ws.turns.history("desk") == ()


def test_what_is_counted_has_a_bar(desk):
    data_flywheel(desk.request)

    assert newest("desk-scoring-candidate") == 100


def test_outside_of_a_task_progress_is_told_and_nothing_more(caplog: pytest.LogCaptureFixture):
    with caplog.at_level("INFO", logger="dspyui"):
        Progress()(counted("scoring nobody", 1, 4, "rows"))

    assert caplog.messages == ["scoring nobody: 1/4 rows"]
    assert linked("scoring-nobody") == set()
