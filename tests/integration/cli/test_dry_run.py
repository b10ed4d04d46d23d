"""--dry-run: what a command would do is told, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.cli.conftest import TRACE, Office

FLYWHEEL = ("run", "data-flywheel", "-p", "desk.yaml")
COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "a-turn": (FLYWHEEL, "nothing new since turn desk-0002"),
    "a-step": (("run", "compile-program", "-p", "desk.yaml"), "champion    version 1"),
    "a-promotion": (("model", "promote", "desk", "-r", "x", "2"), "2 would serve; now version 1"),
    "a-promotion-by-flow": (
        ("run", "promote-model", "-p", "desk.yaml", "--version", "2"),
        "2 would serve",
    ),
    "a-registration": (("model", "register", "desk-0002"), "is version 2 already"),
    "a-rating": (("feedback", "add", TRACE, "--rating", "thumbs_up"), "acceptable feedback"),
    "an-export": (("export", "desk", "--out", "rows.csv"), "1 row would be written"),
    "an-export-for-a-consumer": (("export", "desk", "--consumer", "crm"), "would have 2"),
    "an-export-by-flow": (("run", "export-feedback", "-p", "desk.yaml"), "1 row would be written"),
}


@pytest.fixture
def registered(office: Office) -> Office:
    """The office with the second candidate as version 2, which serves nobody."""
    assert office.dspyui("model", "register", "desk-0002").code == 0
    return office


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_tells_and_writes_nothing(command: str, registered: Office) -> None:
    arguments, says = COMMANDS[command]
    before = registered.state()

    told = registered.dspyui(*arguments, "--dry-run")

    assert told.code == 0, told.err
    assert says in told.out
    assert told.out.endswith("dry run: nothing was written\n")
    assert registered.state() == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_is_a_document_that_says_so(command: str, registered: Office) -> None:
    arguments, _ = COMMANDS[command]

    told = registered.dspyui(*arguments, "--dry-run", "--json")

    assert told.json["dry_run"] is True
    assert "desk" in (told.json.get("program"), told.json.get("name"))


def test_a_rollback_is_told_before_it_is_done(registered: Office) -> None:
    registered.dspyui("model", "promote", "desk", 2, "-r", "x")
    before = registered.state()

    by_hand = registered.dspyui("model", "rollback", "desk", "-r", "x", "--dry-run", "--json")
    by_flow = registered.dspyui("run", "rollback-model", "-p", "desk.yaml", "--dry-run", "--json")

    assert by_hand.json == by_flow.json
    assert (by_hand.json["version"], by_hand.json["serving"]) == (1, 2)
    assert registered.state() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("feedback", "add", TRACE, "--rating", "meh"), "is not a rating"),
        (("feedback", "add", TRACE, "--rating", "thumbs_up", "-c", "desk=zebra"), "zebra"),
        (("feedback", "add", "tr-unknown", "--rating", "thumbs_up"), "no trace"),
        (("model", "promote", "desk", "9", "-r", "x"), "version 9"),
        (("export", "desk", "--consumer", "crm", "--since", "2025-01-01"), "never reach"),
        (("export", "desk", "--until", "yesterday"), "write a date"),
        (("run", "data-flywheel", "-p", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_would_be_refused_is_refused_in_a_dry_run(
    arguments: tuple[str, ...], says: str, office: Office
) -> None:
    refused = office.dspyui(*arguments, "--dry-run")

    assert refused.code == 2
    assert says in refused.err


def test_a_home_that_does_not_exist_is_not_made(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSPYUI_HOME", str(tmp_path / "new"))

    told = office.dspyui(*FLYWHEEL, "--dry-run", "--json")

    assert (told.code, told.json["action"], told.json["champion"]) == (0, "open", None)
    assert not (tmp_path / "new").exists()


def test_a_blocked_turn_is_told_with_the_gates_exit_code(office: Office) -> None:
    (office.folder / "rows.csv").write_text("text,desk\none row,amber\n")

    told = office.dspyui(*FLYWHEEL, "--dry-run")

    assert told.code == 3
    assert "would be blocked" in told.out
