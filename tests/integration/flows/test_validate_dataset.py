"""The flow validate-dataset."""

from __future__ import annotations

from flows.validate_dataset import validate_dataset
from support import tiny
from support.artifacts import newest


def test_the_report_comes_back_and_no_state_is_touched(desk):
    report = validate_dataset(desk.request)

    assert (report.verdict, report.accepted) == ("warn", len(tiny.rows()))
    assert [c["name"] for c in report.to_json()["checks"] if c["severity"] == "warn"] == [
        "near_duplicates"
    ]
    assert desk.ws.turns.history("desk") == ()


def test_a_bad_row_is_in_the_report_with_its_number(desk):
    tiny.write_csv(desk.folder / "rows.csv", [*tiny.rows(), ("", "amber")])

    report = validate_dataset(desk.request)

    told = newest("desk-data-report")
    assert "| rows | train | validation | holdout | quarantined | left out | parked |" in told
    assert "| contract | text | 1 |" in told
    assert [(row["row"], row["column"]) for row in report.to_json()["quarantined"]] == [
        (161, "text")
    ]
