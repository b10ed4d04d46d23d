"""`dspyui model`: what a person sees and decides about versions."""

from __future__ import annotations

import json

import pytest

from dspyui_core.mlflow_registry import CHAMPION
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office


def test_a_candidate_that_was_not_released_becomes_a_version_that_serves_nobody(
    office: Office,
) -> None:
    made = office.dspyui("model", "register", "desk-0002", "--json")

    assert (made.code, made.json["version"], made.json["known"]) == (0, 2, False)
    shown = office.dspyui("model", "show", "desk", "--json").json
    registered = shown["versions"][1]
    assert registered["stage"] == "None"
    assert registered["tags"]["dspyui.turn"] == "desk-0002"
    assert registered["tags"]["dspyui.registered_by"] == "ann"
    assert registered["tags"]["dspyui.predecessor"] == "1"
    assert set(json.loads(registered["tags"]["dspyui.scores"])) == {
        "baseline",
        "champion",
        "candidate",
    }


def test_a_turn_and_its_run_are_the_same_candidate_and_one_version(office: Office) -> None:
    first = office.dspyui("model", "register", "desk-0002", "--json").json

    again = office.dspyui("model", "register", first["run"], "--json").json

    assert (again["version"], again["known"]) == (first["version"], True)
    assert "this very program already" in office.dspyui("model", "register", "desk-0002").out


def test_what_was_registered_can_be_promoted_and_taken_back(office: Office) -> None:
    office.dspyui("model", "register", "desk-0002")

    promoted = office.dspyui("model", "promote", "desk", 2, "--reason", "reads well")
    back = office.dspyui("model", "rollback", "desk", "-r", "no", "--json")

    assert promoted.out == "desk: version 2 serves (decision 3)\n"
    assert (back.json["kind"], back.json["version"]) == ("rollback", 1)


def test_the_history_is_every_decision_with_its_reasons_newest_first(office: Office) -> None:
    office.dspyui("model", "register", "desk-0002")
    office.dspyui("model", "promote", "desk", 2, "--reason", "reads well")

    decisions = office.dspyui("model", "history", "desk", "--json").json

    assert [(d["kind"], d["verdict"], d["version"]) for d in decisions] == [
        ("promotion", "promote", 2),
        ("turn", "inconclusive", None),
        ("turn", "promote", 1),
    ]
    assert (decisions[0]["reasons"], decisions[0]["actor"]) == (["reads well"], "ann")
    assert "reads well" in office.dspyui("model", "history", "desk").out


def test_an_alias_moved_by_hand_can_be_acknowledged(office: Office) -> None:
    ws = Workspace.open(office.home)
    ws.client.delete_registered_model_alias("desk", CHAMPION)

    told = office.dspyui("model", "acknowledge", "desk", "--reason", "it was me")

    assert told.out == "desk: nobody serves (decision 4)\n"
    assert ws.releases.hold("desk") == ""
    ws.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("register", "nobody-0001"), "no run 'nobody-0001'"),
        (("history", "nobody"), "no model 'nobody'"),
        (("promote", "desk", "1", "-r", "x"), "serves already"),
        (("promote", "desk", "-r", " "), "say why"),
        (("promote", "desk", "0", "-r", "x"), "greater than or equal to 1"),
        (("rollback", "desk", "-r", "x"), "no earlier champion"),
        (("acknowledge", "desk", "-r", "x"), "nothing to acknowledge"),
    ],
)
def test_what_cannot_be_done_ends_with_code_2_and_says_why(
    arguments: tuple[str, ...], says: str, office: Office
) -> None:
    refused = office.dspyui("model", *arguments)

    assert (refused.code, refused.out) == (2, "")
    assert says in refused.err
    assert "hint: " in refused.err or "serves already" in refused.err


def test_a_turn_that_compiled_nothing_has_nothing_to_register(office: Office) -> None:
    ws = Workspace.open(office.home)
    inputs = {"spec_hash": "s", "dataset_version": "d", "identity": "i", "core_version": "c"}
    ws.turns.open("desk", feedback_upto=0, champion=1, **inputs)
    ws.close()

    refused = office.dspyui("model", "register", "desk-0003")

    assert refused.code == 2
    assert "ended before it compiled" in refused.err
