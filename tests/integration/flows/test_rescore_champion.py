"""The flow rescore-champion."""

from __future__ import annotations

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from dspyui_core.errors import ModelNotFoundError
from dspyui_core.review import Inbox
from dspyui_core.testing import ScriptedLM
from dspyui_core.turn import RescoreRequest
from dspyui_core.workspace import Workspace
from flows.data_flywheel import data_flywheel
from flows.rescore_champion import rescore_champion


def published(key: str) -> list[str]:
    """The artifacts with this key."""
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        return [str(found.data) for found in client.read_artifacts(artifact_filter=wanted)]


def test_a_champion_whose_lm_is_the_same_is_no_worse(desk):
    data_flywheel(desk.request)

    found = rescore_champion(RescoreRequest(program=desk.program))

    assert (found.dropped, found.item, found.comparison.difference) == (False, None, 0)
    assert Inbox(desk.ws.engine).items(program="desk", kind="rollback") == ()
    assert any("no worse than it was" in text for text in published("desk-rescore"))


def test_a_champion_whose_lm_was_changed_underneath_is_told_in_inbox_and_artifact(
    desk, monkeypatch: pytest.MonkeyPatch
):
    data_flywheel(desk.request)
    changed = ScriptedLM(rule=lambda text: {"desk": "birch"})
    monkeypatch.setattr(Workspace, "lm", lambda self, spec: changed)

    found = rescore_champion(RescoreRequest(program=desk.program))

    assert found.dropped
    (item,) = Inbox(desk.ws.engine).items(program="desk", kind="rollback")
    assert (item.seq, item.kind) == (found.item, "rollback")
    assert any("**desk: worse than it was**" in text for text in published("desk-rescore"))


def test_without_a_champion_there_is_nothing_to_score(desk):
    with pytest.raises(ModelNotFoundError):
        rescore_champion(RescoreRequest(program=desk.program))
