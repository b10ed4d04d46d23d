"""`dspyui dataset merge`, `filter` and `suite`: files in, files out, and no state changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.datasets import load_split, read_table
from dspyui_core.datasets.versions.snapshots import Reader
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office
from support import tiny


def cells(path: Path) -> list[dict[str, Any]]:
    return [dict(row.cells) for row in read_table(path).rows]


@pytest.fixture
def spoken(office: Office) -> Office:
    """The office where ben corrected eight unseen messages, three of them with ana's word, too."""
    ws = Workspace.open(office.home)
    for number, (text, desk) in enumerate(tiny.unseen()[:8], 2):
        trace = f"tr-{number:032x}"
        answer = {"inputs": {"text": text}, "outputs": {"desk": "delta"}}
        ws.journal.append_prediction("desk", trace, answer, version=1)
        for user in ("ben", "ana")[: 2 if number < 5 else 1]:
            ws.journal.append_feedback(
                trace,
                {"rating": "thumbs_down", "corrected_output": {"desk": desk}},
                user_id=user,
                authenticated=True,
                idem_key=f"{user} {number}",
            )
    ws.close()
    return office


def filtered(office: Office, *options: object, out: str = "out.jsonl") -> list[dict[str, Any]]:
    said = office.dspyui("dataset", "filter", "-p", "desk.yaml", "--out", out, *options)
    assert (said.code, " usable ones written to " in said.out) == (0, True), said.err
    return cells(office.folder / out)


def counted(office: Office, *options: object) -> int:
    command = ("dataset", "filter", "-p", "desk.yaml", "--out", "counted.csv", "--json")
    return int(office.dspyui(*command, *options).json["rows"])


def test_filtered_feedback_is_data_of_the_program_with_its_origin(spoken: Office) -> None:
    rows = filtered(spoken)

    assert {(row["text"], row["desk"]) for row in rows} <= {
        *tiny.unseen()[:8],
        ("a novel", "amber"),
    }
    assert {"feedback_trust", "feedback_rating", "feedback_reviewed", "feedback_at"} <= {*rows[0]}
    assert len(rows) >= 8


def test_a_filter_chooses_by_trust_user_rating_and_time(spoken: Office) -> None:
    confirmed = filtered(spoken, "--trust", "confirmed")

    assert len(confirmed) == 3
    assert {row["feedback_trust"] for row in confirmed} == {"confirmed"}
    assert {row["feedback_user_id"] for row in filtered(spoken, "--user", "ben")} == {"ben"}
    assert counted(spoken, "--rating", "thumbs_up") == counted(spoken, "--until", "2001-01-01") == 0
    assert len(filtered(spoken, "--since", "2001-01-01")) == len(filtered(spoken))


def test_what_a_reviewer_decided_is_told_apart(spoken: Office) -> None:
    ws = Workspace.open(spoken.home)
    ws.journal.append_feedback(
        f"tr-{9:032x}",
        {"rating": None, "corrected_output": {"desk": "coral"}, "review": 1},
        user_id="ann",
        authenticated=True,
        idem_key="review 1",
    )
    ws.close()

    (row,) = filtered(spoken, "--reviewed")

    assert (row["desk"], row["feedback_trust"], row["feedback_reviewed"]) == (
        "coral",
        "confirmed",
        True,
    )


def test_feedback_on_a_holdout_input_is_never_written(spoken: Office) -> None:
    ws = Workspace.open(spoken.home)
    turn = ws.turns.history("desk")[0].turn_id
    dataset = ws.turns.steps(turn)["snapshot"]["ref"]["dataset"]
    from dspyui_core.records import DatasetRef

    holdout = load_split(
        ws.snapshots, DatasetRef.model_validate(dataset), "holdout", reader=Reader.COMPARISON
    )
    text = holdout[0].inputs["text"]
    answer = {"inputs": {"text": text}, "outputs": {"desk": "delta"}}
    ws.journal.append_prediction("desk", "tr-held", answer, version=1)
    ws.feedback.record_feedback("tr-held", "thumbs_down", {"desk": "amber"}, user_id="ben")
    ws.close()

    assert text not in {row["text"] for row in filtered(spoken)}


def test_filtering_says_how_many_there_were_as_json_and_changes_no_state(spoken: Office) -> None:
    before = spoken.state()

    said = spoken.dspyui(
        "dataset", "filter", "-p", "desk.yaml", "--trust", "confirmed", "-o", "o.csv", "--json"
    )

    assert said.json["rows"] == 3 < said.json["usable"]
    assert (said.json["program"], said.json["path"]) == ("desk", "o.csv")
    after = spoken.state()
    assert after.keys() - before.keys() == {str(spoken.folder / "o.csv")}
    assert all(after[name] == before[name] for name in ("state.db", "mlflow/mlflow.db"))


def test_the_programs_own_data_is_not_written_over(spoken: Office) -> None:
    before = (spoken.folder / "rows.csv").read_bytes()

    said = spoken.dspyui("dataset", "filter", "-p", "desk.yaml", "--out", "rows.csv")

    assert said.code == 2
    assert "is data of 'desk'" in said.err
    assert (spoken.folder / "rows.csv").read_bytes() == before


def test_reviewed_feedback_merges_into_the_gold_file_and_passes_the_gate(spoken: Office) -> None:
    filtered(spoken, "--trust", "confirmed", out="confirmed.jsonl")
    merge = ("dataset", "merge", "rows.csv", "confirmed.jsonl", "-p", "desk.yaml", "-o", "all.csv")

    merged = spoken.dspyui(*merge, "--json")
    checked = spoken.dspyui("dataset", "check", "all.csv", "-p", "desk.yaml", "--json")

    assert (merged.code, merged.json["rows"], merged.json["second"]) == (0, 163, 3)
    assert checked.json["verdict"] != "blocked"
    assert checked.json["rows"] == 163


def test_a_merge_that_would_replace_gold_is_refused_with_exit_code_3(office: Office) -> None:
    text, desk = tiny.rows()[0]
    other = next(label for label in tiny.LABELS if label != desk)
    tiny.write_csv(office.folder / "model.csv", [(text.upper(), other), ("all new", desk)])
    merge = ("dataset", "merge", "rows.csv", "model.csv", "-p", "desk.yaml", "-o", "all.csv")

    refused = office.dspyui(*merge)
    kept = office.dspyui(*merge, "--conflicts", "look.csv")

    assert refused.code == 3
    assert f"model.csv row 1 says desk={other}; rows.csv row 1 says desk={desk}" in refused.out
    assert "nothing was written" in refused.out
    assert kept.code == 0
    assert cells(office.folder / "all.csv")[0] == {"text": text, "desk": desk}
    assert len(cells(office.folder / "look.csv")) == 1


@pytest.mark.parametrize("conflicts", [(), ("--conflicts", "look.csv")])
def test_a_merge_is_counted_before_it_is_written(
    conflicts: tuple[str, ...], office: Office
) -> None:
    text, desk = tiny.rows()[0]
    other = next(label for label in tiny.LABELS if label != desk)
    tiny.write_csv(office.folder / "model.csv", [(text, other), ("all new", desk)])
    merge = ("dataset", "merge", "rows.csv", "model.csv", "-p", "desk.yaml", "-o", "all.csv")
    before = office.state()

    told = office.dspyui(*merge, *conflicts, "--dry-run")
    content = office.dspyui(*merge, *conflicts, "--dry-run", "--json")

    assert told.code == content.code == (0 if conflicts else 3)
    assert told.out.startswith("161 rows would be merged: 160 of the first file, 1 of the second")
    assert told.out.endswith("dry run: nothing was written\n")
    assert (content.json["dry_run"], content.json["conflicting"]) == (True, 1)
    assert office.state() == before


def test_filtering_is_counted_before_it_is_written(spoken: Office) -> None:
    before = spoken.state()
    wanted = ("dataset", "filter", "-p", "desk.yaml", "--trust", "confirmed", "-o", "o.csv")

    told = spoken.dspyui(*wanted, "--dry-run")
    content = spoken.dspyui(*wanted, "--dry-run", "--json").json

    assert told.out.startswith(f"3 rows of {content['usable']} usable ones would be written\n")
    assert (content["rows"], content["dry_run"]) == (3, True)
    assert spoken.state() == before


def test_a_merge_over_its_own_input_is_bad_usage(office: Office) -> None:
    before = (office.folder / "rows.csv").read_bytes()

    said = office.dspyui("dataset", "merge", "rows.csv", "rows.csv", "-k", "text", "-o", "rows.csv")

    assert said.code == 2
    assert "is one of the files that are merged" in said.err
    assert (office.folder / "rows.csv").read_bytes() == before


def test_the_suite_is_shown_written_once_and_judges_a_file(office: Office) -> None:
    suite = ("dataset", "suite", "-p", "desk.yaml")
    default = office.dspyui(*suite, "--json").json

    written = office.dspyui(*suite, "--write", "--json").json
    again = office.dspyui(*suite, "--write")
    path = office.folder / "expectations" / "desk.json"
    content = json.loads(path.read_text())
    kwargs = {"column": "accepted", "min_value": 1_000}
    content["expectations"] = [
        {"type": "expect_column_min_to_be_between", "kwargs": kwargs, "severity": "critical"}
    ]
    path.write_text(json.dumps(content))
    checked = office.dspyui("dataset", "check", "rows.csv", "-p", "desk.yaml", "--json")

    assert (default["file"], written["file"]) == (None, str(path))
    assert default["suite"] == written["suite"]
    assert "leakage_share" in default["columns"]
    assert (again.code, "--force" in again.err) == (2, True)
    assert checked.code == 3
    assert checked.json["checks"][-1] == {
        "name": "expectations",
        "severity": "block",
        "count": 1,
        "rows": [],
        "message": "accepted is 160, expected at least 1000 (critical)",
    }


def test_the_suite_is_a_table_for_people(office: Office) -> None:
    shown = office.dspyui("dataset", "suite", "-p", "desk.yaml").out
    columns = office.dspyui("dataset", "suite", "-p", "desk.yaml", "--columns").out

    assert "quarantined_share" in shown and "at most 0.5" in shown and "critical" in shown
    assert "Rows that the check leakage finds." in columns
