"""The flow rollback-model."""

from __future__ import annotations

import pytest

from dspyui_core.errors import ModelNotFoundError
from dspyui_core.mlflow_registry import CHAMPION, alias_version
from dspyui_core.turn import RollbackRequest, adopt_run
from flows.data_flywheel import data_flywheel
from flows.rollback_model import rollback_model


@pytest.fixture
def twice(desk):
    """A program whose second version serves."""
    data_flywheel(desk.request)
    desk.respec(seed=3)
    turn = data_flywheel(desk.request)
    adopted = adopt_run(desk.ws, turn.turn)
    desk.ws.promote("desk", adopted.version, reason="to go back from")
    return desk


def test_the_champion_before_serves_again(twice):
    rolled = rollback_model(RollbackRequest(program=twice.program, reason="complaints"))

    newest = twice.ws.releases.ledger.history("desk")[0]
    assert (rolled.version, rolled.decision) == (1, newest.seq)
    assert alias_version(twice.ws.client, "desk", CHAMPION) == 1
    assert (newest.kind, newest.reasons) == ("rollback", ["complaints"])


def test_a_version_that_does_not_exist_is_named_and_nothing_changes(twice):
    with pytest.raises(ModelNotFoundError, match="version 9"):
        rollback_model(RollbackRequest(program=twice.program, to=9))

    assert alias_version(twice.ws.client, "desk", CHAMPION) == 2


def test_with_nothing_to_go_back_to_it_says_so(desk):
    data_flywheel(desk.request)

    with pytest.raises(ModelNotFoundError, match="no earlier champion"):
        rollback_model(RollbackRequest(program=desk.program))
