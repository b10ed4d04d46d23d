"""The flow validate-dataset."""

from __future__ import annotations

import json

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


def test_the_default_suite_judges_and_its_result_is_in_an_mlflow_run(desk):
    report = validate_dataset(desk.request)
    again = validate_dataset(desk.request)

    (run,) = desk.ws.client.search_runs([desk.ws.experiment("desk")])
    logged = {file.path for file in desk.ws.client.list_artifacts(run.info.run_id, "data")}
    assert {"data/expectations.json", "data/expectations.html"} <= logged
    assert run.data.tags["dspyui.verdict"] == report.verdict == again.verdict
    assert run.info.status == "FINISHED"
    assert report.checks[-1].name == "expectations"


def test_the_programs_own_suite_judges_instead_where_there_is_one(desk):
    kwargs = {"column": "rows", "max_value": 100}
    one = {"type": "expect_column_max_to_be_between", "kwargs": kwargs, "severity": "critical"}
    (desk.folder / "expectations").mkdir()
    suite = json.dumps({"name": "desk", "expectations": [one]})
    (desk.folder / "expectations" / "desk.json").write_text(suite)

    report = validate_dataset(desk.request)

    assert report.verdict == "blocked"
    assert "rows is 160, expected at most 100 (critical)" in newest("desk-data-report")


def test_a_bad_row_is_in_the_report_with_its_number(desk):
    tiny.write_csv(desk.folder / "rows.csv", [*tiny.rows(), ("", "amber")])

    report = validate_dataset(desk.request)

    told = newest("desk-data-report")
    assert "| rows | train | validation | holdout | quarantined | left out | parked |" in told
    assert "| contract | text | 1 |" in told
    assert [(row["row"], row["column"]) for row in report.to_json()["quarantined"]] == [
        (161, "text")
    ]
