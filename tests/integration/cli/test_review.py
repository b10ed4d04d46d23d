"""`dspyui review`: the inbox on the command line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.review import Inbox
from dspyui_core.upkeep import Subject, forget
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office
from support import tiny

SERVED = [text for text, _ in tiny.unseen()][::7]


@pytest.fixture
def sampled(office: Office) -> Office:
    """The office with four samples to label."""
    with_answers(office)
    assert office.dspyui("review", "sample", "desk", "-n", 4).code == 0
    return office


def with_answers(office: Office) -> None:
    ws = Workspace.open(office.home)
    for number, text in enumerate(SERVED):
        answer = {"inputs": {"text": text}, "outputs": {"desk": "zebra"}}
        ws.journal.append_prediction("desk", f"s{number}", answer, version=1)
    ws.close()


def waiting(office: Office) -> int:
    """The number of a promotion that waits: the second version."""
    assert office.dspyui("model", "register", "desk-0002").code == 0
    ws = Workspace.open(office.home)
    content: dict[str, Any] = {"version": 2, "turn": "desk-0002", "reasons": ["because"]}
    item = Inbox(ws.engine).open_item("desk", "promotion", "2", content)
    ws.close()
    return item.seq


def test_an_empty_inbox_says_so(office: Office) -> None:
    assert office.dspyui("review", "list").out == "nothing of that in the inbox; 0 open\n"
    assert office.dspyui("review", "list", "--json").json == []


def test_the_list_shows_what_waits_and_counts_it(sampled: Office) -> None:
    waiting(sampled)

    told = sampled.dspyui("review", "list")

    assert "version 2 of turn desk-0002 waits" in told.out
    assert told.out.endswith("5 open: 1 promotion, 4 samples\n")
    kinds = {item["kind"] for item in sampled.dspyui("review", "list", "--json").json}
    assert kinds == {"promotion", "sample"}
    only = sampled.dspyui("review", "list", "desk", "--kind", "promotion", "--json").json
    assert [item["content"]["version"] for item in only] == [2]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_sample_is_shown_without_its_answer_unless_it_is_asked_for(
    sampled: Office, options: list[str]
) -> None:
    assert "zebra" not in sampled.dspyui("review", "show", 1, *options).out
    assert "zebra" in sampled.dspyui("review", "show", 1, "--show-answers", *options).out
    assert "zebra" not in sampled.dspyui("review", "list", "--json").out


def test_a_sample_is_labelled_by_name(sampled: Office) -> None:
    told = sampled.dspyui("review", "accept", 1, "-l", "desk=coral", "--as", "rita")

    assert told.out == "desk: item 1, a sample, is accepted by rita\n  desk: coral\n"
    shown = sampled.dspyui("review", "show", 1).out
    assert "accepted by rita" in shown and "desk: coral" in shown


def test_a_wrong_label_is_bad_input_and_a_second_decision_fails(sampled: Office) -> None:
    wrong = sampled.dspyui("review", "accept", 1, "-l", "desk=shoe")
    sampled.dspyui("review", "reject", 1, "-r", "cannot be told")
    again = sampled.dspyui("review", "accept", 1, "-l", "desk=coral")

    assert (wrong.code, "is not an allowed value" in wrong.err) == (2, True)
    assert (again.code, "rejected already, by ann" in again.err) == (1, True)
    assert sampled.dspyui("review", "show", 99).code == 2


def test_a_waiting_version_is_let_serve_or_refused(office: Office) -> None:
    number = waiting(office)
    assert office.dspyui("review", "accept", number).code == 2

    done = office.dspyui("review", "accept", number, "-r", "reads well", "--json")

    assert (done.json["state"], done.json["comment"]) == ("accepted", "reads well")
    assert office.dspyui("model", "list", "--json").json[0]["champion"] == 2


def test_a_refused_version_can_be_asked_about_again(office: Office) -> None:
    number = waiting(office)
    office.dspyui("review", "reject", number, "--reason", "not yet")

    dry = office.dspyui("review", "reopen", number, "--reason", "a look", "--dry-run")
    again = office.dspyui("review", "reopen", number, "--reason", "we were away", "--json")
    accepted = office.dspyui("review", "accept", again.json["seq"], "--reason", "good")
    twice = office.dspyui("review", "reopen", again.json["seq"], "--reason", "once more")

    assert f"item {number} would be open again: its version waits again" in dry.out
    assert (again.code, again.json["state"], again.json["seq"] != number) == (0, "open", True)
    assert accepted.code == 0
    assert office.dspyui("model", "list", "--json").json[0]["champion"] == 2
    assert twice.code == 2
    assert "only a refused promotion is re-opened" in twice.err


def test_a_refused_version_is_in_the_history(office: Office) -> None:
    office.dspyui("review", "reject", waiting(office), "-r", "worse on fees", "--as", "rita")

    last = office.dspyui("model", "history", "desk", "--json").json[0]
    assert (last["verdict"], last["version"], last["actor"]) == ("refuse", 2, "rita")
    assert last["reasons"] == ["worse on fees"]


def test_a_rollback_opens_an_item(office: Office) -> None:
    number = waiting(office)
    office.dspyui("review", "accept", number, "-r", "reads well")

    office.dspyui("model", "rollback", "desk", "-r", "complaints")

    assert "version 1 serves again instead of version 2" in office.dspyui("review", "list").out
    assert office.dspyui("review", "accept", number + 1).code == 0


def test_a_sheet_goes_out_is_filled_and_comes_back(sampled: Office) -> None:
    out = sampled.dspyui("review", "export", "desk", "-o", "sheet.csv")
    assert out.out == "desk: 4 rows written to sheet.csv\n"
    assert "zebra" not in Path("sheet.csv").read_text()
    with Path("sheet.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows[:3]:
        row["label.desk"] = "delta"
    with Path("sheet.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    told = sampled.dspyui("review", "import", "desk", "sheet.csv")

    assert told.out == "sheet.csv: 3 of 4 rows labelled, 0 before, 1 blank\n"
    assert sampled.dspyui("review", "list").out.endswith("1 open: 1 sample\n")


DRY: dict[str, tuple[tuple[object, ...], str]] = {
    "sample": (("sample", "desk", "-n", 2), "2 inputs would be drawn of"),
    "accept": (("accept", 1, "-l", "desk=coral"), "item 1 would be accepted: its labels join"),
    "reject": (("reject", 1, "-r", "x"), "item 1 would be rejected"),
    "export": (("export", "desk", "-o", "rows.csv"), "4 rows would be written"),
    "import": (("import", "desk", "filled.csv"), "1 of 1 rows would be labelled"),
}


@pytest.mark.parametrize("command", DRY)
def test_a_dry_run_tells_and_writes_nothing(command: str, sampled: Office) -> None:
    arguments, says = DRY[command]
    Path("filled.csv").write_text("item,label.desk\n1,coral\n")
    before = sampled.state()

    told = sampled.dspyui("review", *arguments, "--dry-run")
    document = sampled.dspyui("review", *arguments, "--dry-run", "--json")

    assert (told.code, says in told.out) == (0, True), told
    assert document.json["dry_run"] is True
    assert sampled.state() == before


def test_who_is_forgotten_leaves_the_inbox(sampled: Office) -> None:
    ws = Workspace.open(sampled.home)
    number = next(iter(Inbox(ws.engine).items())).content["trace_id"]

    done = forget(ws, Subject("trace", number))

    assert done.reviews == 1
    assert len(Inbox(ws.engine).items()) == 3
    ws.close()
