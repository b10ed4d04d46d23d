"""The flow register-model."""

from __future__ import annotations

from dspyui_core.records import Turn
from dspyui_core.turn import Registered
from flows.register_model import register_model


def test_a_version_is_registered_with_its_lineage_and_serves_nobody_yet(desk):
    registered = register_model(desk.request)

    assert registered == Registered(version=1)
    [version] = desk.ws.releases.versions("desk")
    assert version.stage == "None"
    assert version.tags["dspyui.turn"] == "desk-0001"


def test_running_it_again_makes_no_second_version(desk):
    register_model(desk.request)

    register_model(desk.request)

    assert len(desk.ws.releases.versions("desk")) == 1


def test_a_verdict_that_lets_nothing_pass_finishes_the_turn(desk):
    from flows.data_flywheel import data_flywheel

    data_flywheel(desk.request)
    desk.respec(seed=3)

    ended = register_model(desk.request)

    assert isinstance(ended, Turn)
    assert ended.outcome in ("refused", "inconclusive")
    assert len(desk.ws.releases.versions("desk")) == 1
