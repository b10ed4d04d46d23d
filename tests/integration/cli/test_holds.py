"""`dspyui program pause|resume` and `dspyui model pin|unpin`, as people use and see them."""

from __future__ import annotations

import pytest

from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office
from support import tiny
from support.turns import take_turn


def test_what_a_paused_programs_turn_would_promote_waits_for_a_person(office: Office) -> None:
    ws = Workspace.open(office.home)
    ws.client.delete_registered_model_alias("desk", "champion")
    assert ws.releases.champion("desk") is None
    ws.releases.acknowledge("desk", reason="it was me", actor="ann")
    assert office.dspyui("program", "pause", "desk", "-r", "we move").code == 0

    turn = take_turn(ws, tiny.write_program(office.folder, seed=4))

    assert turn.outcome == "awaiting-approval"
    assert turn.decision is not None
    assert any(reason.startswith("paused by ann") for reason in turn.decision.reasons)
    assert ws.releases.champion("desk") is None
    ws.close()


def test_pausing_and_resuming_is_seen_wherever_a_program_is_shown(office: Office) -> None:
    paused = office.dspyui("program", "pause", "desk", "--reason", "we move")
    reason = "paused by ann (decision 3, we move): dspyui program resume desk"

    assert paused.out == "desk: paused: its turns ask instead of promoting (decision 3)\n"
    assert office.dspyui("status").out.startswith("desk: paused, champion 1, turn")
    assert office.dspyui("status", "--json").json["programs"][0]["paused"] is True
    assert reason in office.dspyui("model", "show", "desk").out
    assert office.dspyui("model", "show", "desk", "--json").json["paused"] is True
    assert office.dspyui("model", "history", "desk").out.startswith(f"{reason}\ndecision 3  ")

    resumed = office.dspyui("program", "resume", "desk", "--reason", "moved", "--json").json

    assert (resumed["kind"], resumed["actor"], resumed["reasons"]) == ("resume", "ann", ["moved"])
    assert "paused by" not in office.dspyui("model", "show", "desk").out


def test_a_pinned_champion_is_shown_and_kept_until_it_is_unpinned(office: Office) -> None:
    office.dspyui("model", "register", "desk-0002")

    pinned = office.dspyui("model", "pin", "desk", "--champion", "-r", "audited")
    refused = office.dspyui("model", "promote", "desk", 2, "-r", "x")

    assert pinned.out == "desk: version 1 is pinned (decision 3)\n"
    assert refused.code == 2
    assert "version 1 of 'desk' is pinned by ann: audited" in refused.err
    assert "champion 1 (pinned)" in office.dspyui("status").out
    assert office.dspyui("model", "show", "desk", "--json").json["pinned"] == 1
    assert office.dspyui("model", "unpin", "desk", "-r", "over").code == 0
    assert office.dspyui("model", "promote", "desk", 2, "-r", "x").code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("program", "pause", "desk"), "desk: paused"),
        (("model", "pin", "desk", "1"), "desk: version 1 is pinned"),
        (("model", "pin", "desk", "--champion"), "desk: version 1 is pinned"),
    ],
)
def test_a_dry_run_of_a_hold_tells_and_writes_nothing(
    arguments: tuple[str, ...], says: str, office: Office
) -> None:
    before = office.state()

    told = office.dspyui(*arguments, "-r", "x", "--dry-run")
    document = office.dspyui(*arguments, "-r", "x", "--dry-run", "--json").json

    assert told.out.startswith(says)
    assert told.out.endswith("dry run: nothing was written\n")
    assert (document["program"], document["kind"], document["dry_run"]) == (
        "desk",
        arguments[1],
        True,
    )
    assert office.state() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("program", "resume", "desk"), "is not paused"),
        (("program", "pause", "nobody"), "no model 'nobody'"),
        (("model", "unpin", "desk"), "no version of 'desk' is pinned"),
        (("model", "pin", "desk", "2"), "only who serves can be pinned"),
        (("model", "pin", "desk"), "say which"),
        (("model", "pin", "desk", "1", "--champion"), "say which"),
    ],
)
def test_what_cannot_be_held_is_refused_and_nothing_is_written(
    arguments: tuple[str, ...], says: str, office: Office
) -> None:
    before = office.state()

    refused = office.dspyui(*arguments, "--reason", "x")

    assert (refused.code, refused.out) == (2, "")
    assert says in refused.err
    assert office.state() == before
