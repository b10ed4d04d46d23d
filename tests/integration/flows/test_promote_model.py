"""The flow promote-model."""

from __future__ import annotations

import pytest

from dspyui_core.errors import InputError, ModelNotFoundError
from dspyui_core.turn import PromoteRequest
from flows.data_flywheel import data_flywheel
from flows.promote_model import promote_model


@pytest.fixture
def waiting(desk):
    desk.respec(promotion={"approval": "manual"})
    assert data_flywheel(desk.request).outcome == "awaiting-approval"
    return desk


def test_the_waiting_challenger_becomes_the_champion(waiting):
    [challenger] = waiting.ws.releases.versions("desk")
    assert challenger.stage == "Staging"

    promoted = promote_model(PromoteRequest(program=waiting.program, reason="looks right"))

    [champion] = waiting.ws.releases.versions("desk")
    assert (promoted.version, champion.stage) == (1, "Production")
    assert waiting.ws.releases.ledger.history("desk")[0].reasons == ["looks right"]


def test_what_serves_already_is_refused(waiting):
    promote_model(PromoteRequest(program=waiting.program))

    with pytest.raises(InputError, match="serves already"):
        promote_model(PromoteRequest(program=waiting.program, version=1))


def test_a_version_that_does_not_exist_is_named(waiting):
    with pytest.raises(ModelNotFoundError, match="version 9"):
        promote_model(PromoteRequest(program=waiting.program, version=9))
