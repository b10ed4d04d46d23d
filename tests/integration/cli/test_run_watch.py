"""`dspyui run watch-champion` without Prefect: what it says, its JSON, and its exit codes."""

from __future__ import annotations

import uuid

import pytest

from dspyui_core.store.journal import NewFeedback, NewPrediction
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office

WATCH = ("run", "watch-champion", "--program", "desk.yaml", "--dry-run")


def rated(version: int, rating: str, number: int) -> None:
    """So many answers of a version, all rated alike."""
    ws = Workspace.open()
    answer = {"inputs": {"text": "a novel"}, "outputs": {"desk": "amber"}, "latency_ms": 2.0}
    new = [NewPrediction("desk", uuid.uuid4().hex, answer, version=version) for _ in range(number)]
    for entry in ws.journal.append(new):
        word = NewFeedback(entry.trace_id, {"rating": rating}, entry.trace_id, "ana")
        ws.journal.append([word])
    ws.close()


@pytest.fixture
def trial(office: Office) -> Office:
    """The office where version 2 replaced version 1, whose users were happy."""
    rated(1, "thumbs_up", 30)
    assert office.dspyui("model", "register", "desk-0002").code == 0
    assert office.dspyui("model", "promote", "desk", 2, "-r", "a try").code == 0
    return office


def test_a_champion_that_harms_is_told_and_exits_with_3(trial: Office) -> None:
    rated(2, "thumbs_down", 20)

    told, asked = trial.dspyui(*WATCH), trial.dspyui(*WATCH, "--json")

    assert (told.code, asked.code) == (3, 3)
    assert told.out.splitlines()[0] == "desk: version 2: harms"
    assert "0.0% of 20 of its ratings are good" in told.out
    assert asked.json["dry_run"] is True
    assert (asked.json["outcome"], asked.json["watched"]["verdict"]) == ("watching", "harm")


def test_looking_writes_nothing(trial: Office) -> None:
    rated(2, "thumbs_down", 20)
    before = trial.state()

    trial.dspyui(*WATCH)

    assert trial.state() == before


def test_one_that_is_not_shown_to_harm_exits_with_0(trial: Office) -> None:
    rated(2, "thumbs_up", 12)

    said = trial.dspyui(*WATCH)

    assert said.code == 0
    assert said.out.startswith("desk: version 2: not shown to harm so far\n")


def test_the_first_champion_is_nothing_to_watch(office: Office) -> None:
    said = office.dspyui(*WATCH)

    assert (said.code, said.out.splitlines()[0]) == (0, "desk: nothing to watch")
