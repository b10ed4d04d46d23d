"""The flow watch-champion, and who answers while a champion is on trial."""

from __future__ import annotations

import uuid

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from dspyui_core.mlflow_registry import CHAMPION, alias_version
from dspyui_core.review import Inbox
from dspyui_core.store.journal import NewFeedback, NewPrediction
from dspyui_core.turn import WatchRequest, adopt_run
from flows.data_flywheel import data_flywheel
from flows.watch_champion import watch_champion


def said(desk, version: int, *, good: int, bad: int) -> None:
    """So many rated answers of a version."""
    traces = [f"tr-{uuid.uuid4().hex}" for _ in range(good + bad)]
    answer = {"inputs": {"text": "a novel"}, "outputs": {"desk": "amber"}, "latency_ms": 2.0}
    desk.ws.journal.append(
        [NewPrediction("desk", trace, answer, version=version) for trace in traces]
    )
    words = [("thumbs_up" if n % (good + bad) < good else "thumbs_down") for n in range(good + bad)]
    desk.ws.journal.append(
        [
            NewFeedback(trace, {"rating": rating}, uuid.uuid4().hex, "ana")
            for trace, rating in zip(traces, words, strict=True)
        ]
    )


@pytest.fixture
def trial(desk):
    """A program whose second version replaced a first one that users liked."""
    data_flywheel(desk.request)
    said(desk, 1, good=36, bad=4)
    desk.respec(seed=3, watch={"holdback": 0.5})
    turn = data_flywheel(desk.request)
    adopted = adopt_run(desk.ws, turn.turn)
    desk.ws.promote("desk", adopted.version, reason="a try")
    return desk


def published(key: str) -> list[str]:
    """The artifacts with this key."""
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        return [str(found.data) for found in client.read_artifacts(artifact_filter=wanted)]


def test_a_champion_that_harms_is_rolled_back_and_an_artifact_says_why(trial):
    said(trial, 1, good=54, bad=6)
    said(trial, 2, good=4, bad=36)

    found = watch_champion(WatchRequest(program=trial.program))

    assert (found.outcome, found.champion, found.predecessor) == ("rolled-back", 2, 1)
    assert alias_version(trial.ws.client, "desk", CHAMPION) == 1
    (item,) = Inbox(trial.ws.engine).items(program="desk", kind="rollback")
    assert item.seq == found.item
    (text,) = published("desk-watch")
    assert "**desk: version 2: rolled back, version 1 serves**" in text
    assert "| ratings | 10.0% of 40 | 90.0% of 60 |" in text
    assert watch_champion(WatchRequest(program=trial.program)).outcome == "nothing-to-watch"


def test_half_of_the_users_are_answered_by_the_champion_before_until_it_is_decided(trial):
    users = [f"user-{number}" for number in range(24)]

    first = {u: trial.ws.predict("desk", {"text": "a novel"}, user_id=u).version for u in users}
    again = {u: trial.ws.predict("desk", {"text": "a quiz"}, user_id=u).version for u in users}

    assert set(first.values()) == {1, 2}
    assert again == first
    assert trial.ws.predict("desk", {"text": "a quiz"}, version=2, user_id="x").version == 2
    trial.ws.rollback("desk", None, reason="enough")
    assert {trial.ws.predict("desk", {"text": "a"}, user_id=u).version for u in users} == {1}
