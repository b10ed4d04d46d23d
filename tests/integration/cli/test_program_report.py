"""`dspyui program report` and `curve`: a turn's decision and how turns went, as text and pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dspyui_core.mlflow_tracking import CURVE_PAGE, DECISION_PAGE
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office
from support import tiny


def logged(office: Office, turn_id: str, page: str) -> str:
    """A page as the turn left it in its MLflow run."""
    ws = Workspace.open(office.home)
    run_id = ws.turns.step(turn_id, "compile")["ref"]["run_id"]
    found = ws.client.download_artifacts(run_id, page, str(office.folder))
    ws.close()
    return Path(found).read_text(encoding="utf-8")


def test_the_newest_decision_is_told_with_all_it_rests_on(office: Office) -> None:
    found = office.dspyui("program", "report", "desk", "--json").json

    assert (found["turn"], found["outcome"], found["verdict"]) == (
        "desk-0002",
        "inconclusive",
        "inconclusive",
    )
    assert [scored["role"] for scored in found["scores"]] == ["baseline", "champion", "candidate"]
    assert found["wear"]["look"] == 2
    assert found["wear"]["spent"] == pytest.approx(2 * found["wear"]["level"])
    assert found["facts"]["champion"] == 1


def test_the_changed_answers_are_those_of_the_comparison_the_lost_ones_first(
    office: Office,
) -> None:
    found = office.dspyui("program", "report", "desk", "--turn", "desk-0001", "--json").json
    changes = [row["change"] for row in found["changed"]]

    assert changes.count("lost") == found["comparison"]["losses"]
    assert changes == sorted(changes, key=["lost", "won", "same"].index)
    assert found["changed_rows"] >= found["comparison"]["wins"] + found["comparison"]["losses"]
    first = found["changed"][-1]
    known = dict(tiny.rows())
    assert known[first["inputs"]["text"]] == first["expected"]["desk"]


def test_a_person_reads_the_same_in_a_terminal(office: Office) -> None:
    told = office.dspyui("program", "report", "desk", "--turn", "desk-0001")
    wear = office.dspyui("program", "report", "desk", "--turn", "desk-0001", "--json").json["wear"]

    assert told.code == 0
    assert told.out.startswith("desk-0001: promoted, version 1\n  • candidate ")
    assert f"look 1 of 20 in epoch 1; spent {wear['spent']:g} of {wear['error']:g}" in told.out


def test_the_page_is_the_one_that_the_turn_left_in_its_run(office: Office) -> None:
    told = office.dspyui("program", "report", "desk", "--turn", "desk-0001", "--out", "it.html")

    assert (told.code, told.out) == (0, "")
    written = (office.folder / "it.html").read_text(encoding="utf-8")
    assert written == logged(office, "desk-0001", DECISION_PAGE)
    assert "Promoted: the candidate, version 1" in written


def test_the_curve_is_told_written_and_left_in_the_run(office: Office) -> None:
    told = office.dspyui("program", "curve", "desk")
    found = office.dspyui("program", "curve", "desk", "--out", "curve.html", "--json").json

    assert told.out.startswith("desk: 2 decided turns\n  desk-0001  promoted ")
    assert [turn["outcome"] for turn in found["turns"]] == ["promoted", "inconclusive"]
    assert [turn["opponent"] for turn in found["turns"]] == ["baseline", "champion"]
    written = (office.folder / "curve.html").read_text(encoding="utf-8")
    assert written == logged(office, "desk-0002", CURVE_PAGE)


def test_reading_changes_nothing(office: Office) -> None:
    before = office.state()

    office.dspyui("program", "report", "desk", "--json")
    office.dspyui("program", "curve", "desk")

    assert office.state() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("report", "nobody"), "no turn of 'nobody' has decided anything"),
        (("curve", "nobody"), "no turn of 'nobody' has decided anything"),
        (("report", "desk", "--turn", "desk-0009"), "no turn 'desk-0009'"),
        (("report", "other", "--turn", "desk-0001"), "is one of 'desk', not of 'other'"),
        (("report", "desk", "--out", "no/such/folder.html"), "cannot be written"),
    ],
)
def test_what_cannot_be_shown_is_told(words: tuple[str, ...], told: str, office: Office) -> None:
    said = office.dspyui("program", *words)

    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_a_turn_that_has_decided_nothing_has_no_decision_to_show(office: Office) -> None:
    ws = Workspace.open(office.home)
    fixed = {"spec_hash": "s", "dataset_version": "d", "identity": "i", "core_version": "c"}
    ws.turns.open("desk", feedback_upto=0, champion=1, **fixed)
    ws.close()

    said = office.dspyui("program", "report", "desk", "--turn", "desk-0003")

    assert (said.code, "turn 'desk-0003' has decided nothing: it is open" in said.err) == (2, True)
    assert office.dspyui("program", "report", "desk", "--json").json["turn"] == "desk-0002"


def test_what_was_forgotten_is_on_no_page_any_more(office: Office) -> None:
    report = office.dspyui("program", "report", "desk", "--turn", "desk-0001", "--json").json
    row = report["changed"][0]
    text = row["inputs"]["text"]
    assert text in logged(office, "desk-0001", DECISION_PAGE)

    assert office.dspyui("forget", "--row", row["row_id"], "--yes").code == 0

    assert text not in logged(office, "desk-0001", DECISION_PAGE)
    again = office.dspyui("program", "report", "desk", "--turn", "desk-0001", "--json")
    assert json.dumps(text) not in again.out
    assert again.json["changed_rows"] == report["changed_rows"] - 1
