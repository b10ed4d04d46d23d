from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.datasets import (
    CheckResult,
    DatasetReport,
    Reader,
    check_dataset,
    fold_dataset,
    load_split,
    settle,
    usable_new_rows,
)
from dspyui_core.datasets.splitting.ledger import read_ledger
from dspyui_core.errors import DatasetError
from dspyui_core.spec import GATE_CHECKS
from unit.datasets.helpers import Diary, make_spec, topics, write_csv


def checked(path: Path, rows: list[dict[str, Any]], **dataset: Any) -> DatasetReport:
    return check_dataset(make_spec(str(write_csv(path / "r.csv", rows)), **dataset))


def named(report: DatasetReport, name: str) -> CheckResult:
    return next(check for check in report.checks if check.name == name)


def test_a_sound_dataset_passes_every_check(tmp_path: Path) -> None:
    report = checked(tmp_path, topics(40))

    assert report.verdict == "pass"
    assert {c.name: c.severity for c in report.checks} == dict.fromkeys(GATE_CHECKS, "pass")
    assert (report.rows, report.accepted, report.quarantined) == (40, 40, ())


def test_the_json_has_exactly_the_keys_of_the_contract(tmp_path: Path) -> None:
    rows = [*topics(40), {"text": "", "intent": "refund"}]

    content = json.loads(json.dumps(checked(tmp_path, rows).to_json()))

    assert list(content) == ["verdict", "rows", "accepted", "quarantined", "checks", "seconds"]
    assert content["quarantined"] == [
        {
            "row": 41,
            "column": "text",
            "reason": "is blank",
            "value": "",
            "remedy": "fill it in, or make it optional",
        }
    ]
    contract = content["checks"][0]
    assert list(contract) == ["name", "severity", "count", "rows", "message"]
    assert (contract["severity"], contract["count"], contract["rows"]) == ("quarantine", 1, [41])
    assert content["verdict"] == "warn"


def test_an_unknown_label_is_quarantined_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = [*topics(40), {"text": "something new", "intent": "nonsense"}]
    outputs = {"intent": {"type": "literal", "values": ["refund", "cancel"]}}

    report = checked(tmp_path, rows, outputs=outputs)

    assert report.accepted == 40
    assert [(q.row, q.value) for q in report.quarantined] == [(41, "nonsense")]


def test_an_empty_dataset_is_blocked(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("text,intent\n")

    report = check_dataset(make_spec(str(path)))

    assert report.blocked
    assert "no row is left" in report.checks[0].message
    assert report.checks[0].severity == "block"


def test_one_class_is_nothing_to_learn(tmp_path: Path) -> None:
    report = checked(tmp_path, [{**row, "intent": "refund"} for row in topics(40)])

    balance = named(report, "class_balance")
    assert (report.verdict, balance.name, balance.severity) == ("blocked", "class_balance", "block")
    assert "one class: nothing to learn" in balance.message


def test_a_rare_class_is_a_warning_that_names_it(tmp_path: Path) -> None:
    report = checked(tmp_path, [*topics(40), {"text": "the only one", "intent": "rare"}])

    balance = named(report, "class_balance")
    assert balance.severity == "warn"
    assert "rare (" in balance.message


def test_too_few_rows_block_and_say_how_many_are_needed(tmp_path: Path) -> None:
    minimums = {"minimum_train": 100, "minimum_validation": 1, "minimum_holdout": 50}

    report = checked(tmp_path, topics(40), checks=minimums)

    message = report.checks[0].message
    assert report.blocked
    assert "and needs 100" in message
    assert "dataset.checks.minimum_holdout" in message
    assert "minimum_validation" not in message


def test_duplicates_conflicts_and_leakage_are_counted_under_their_names(tmp_path: Path) -> None:
    good = [{**row, "part": ""} for row in topics(40)]
    extra = [
        {"text": good[0]["text"].upper(), "intent": good[0]["intent"], "part": ""},
        {"text": "which is it", "intent": "refund", "part": ""},
        {"text": "Which is it", "intent": "cancel", "part": ""},
        {"text": "i lost my card at the station", "intent": "refund", "part": "holdout"},
        {"text": "i lost my card at the station!", "intent": "refund", "part": "train"},
    ]

    report = checked(tmp_path, [*good, *extra], split_column="part")

    found = {c.name: (c.severity, c.rows) for c in report.checks if c.count}
    assert found == {
        "exact_duplicates": ("warn", (41, 45)),
        "label_conflicts": ("quarantine", (42, 43)),
        "leakage": ("quarantine", (45,)),
    }


def test_rows_left_out_by_where_are_counted_and_told(tmp_path: Path) -> None:
    rows = [*topics(40), *({"text": f"other {n}", "intent": "other"} for n in range(3))]

    report = checked(tmp_path, rows, where={"intent": ["refund", "cancel"]})

    assert (report.rows, report.accepted, report.left_out) == (43, 40, 3)
    assert "3 rows left out" in report.checks[0].message


def test_with_several_files_a_problem_names_its_file(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "one.csv", topics(40))
    two = write_csv(tmp_path / "two.csv", [{"text": "", "intent": "refund"}])

    report = check_dataset(make_spec(str(one), str(two)))

    assert [q.reason for q in report.quarantined] == ["is blank (in two.csv)"]


def test_the_markdown_survives_any_cell_and_is_short(tmp_path: Path) -> None:
    outputs = {"intent": {"type": "literal", "values": ["refund", "cancel"]}}
    rows = [*topics(40), *({"text": f"t{n}", "intent": "a|b\nc"} for n in range(50))]

    text = checked(tmp_path, rows, outputs=outputs).markdown()

    assert "a\\|b c" in text
    assert "and 30 more" in text
    assert text.count("\n") < 45


def test_any_value_of_any_format_fits_into_the_json(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('[{"text": "\\ud800", "intent": ["a"]}, {"text": 1e999, "intent": {"a": 1}}]')

    report = check_dataset(make_spec(str(path)))

    json.dumps(report.to_json(), allow_nan=False, ensure_ascii=False).encode()
    assert {q.row for q in report.quarantined} == {1, 2}


def test_a_check_changes_no_state_but_knows_the_splits_decided(
    tmp_path: Path, engine: Engine
) -> None:
    rows = [{**row, "part": "train" if n % 2 else ""} for n, row in enumerate(topics(40))]
    spec = make_spec(str(write_csv(tmp_path / "r.csv", rows)), split_column="part")
    settle(fold_dataset(spec, (), upto=0), engine, tmp_path / "snapshots")
    ledger = read_ledger(engine, "p")
    write_csv(tmp_path / "r.csv", [{**row, "part": row["part"] and "holdout"} for row in rows])

    report = check_dataset(spec, engine=engine)

    assert (report.checks[4].name, report.checks[4].count) == ("leakage", 20)
    assert read_ledger(engine, "p") == ledger


def test_settling_twice_gives_the_same_and_a_blocked_dataset_leaves_no_trace(
    tmp_path: Path, engine: Engine
) -> None:
    path = write_csv(tmp_path / "r.csv", topics(40))
    found = fold_dataset(make_spec(str(path)), (), upto=0)
    first = settle(found, engine, tmp_path / "s")
    second = settle(found, engine, tmp_path / "s")
    wrong = fold_dataset(
        make_spec(str(write_csv(tmp_path / "w.csv", topics(1)))).model_copy(update={"name": "q"}),
        (),
        upto=0,
    )

    blocked = settle(wrong, engine, tmp_path / "s")

    assert (first.ref, first.spec) == (second.ref, second.spec)
    assert (first.ref.version, first.ref.rows) == (found.version, 40)
    assert blocked.report.blocked
    assert blocked.ref.rows == 1
    assert read_ledger(engine, "q").places == {}
    assert not (tmp_path / "s" / "q").exists()


def test_a_turn_takes_feedback_in_and_parks_what_the_holdout_holds(
    tmp_path: Path, engine: Engine, diary: Diary
) -> None:
    spec = make_spec(str(write_csv(tmp_path / "r.csv", topics(40))))
    folder = tmp_path / "s"
    first = settle(fold_dataset(spec, (), upto=0), engine, folder)
    held = load_split(folder, first.ref, "holdout", reader=Reader.COMPARISON)[0]
    diary.predicts("t1", held.inputs["text"] + " ", "refund")
    diary.predicts("t2", held.inputs["text"] + " ok", "refund")
    diary.predicts("t3", "a question nobody asked before", "refund")
    for trace in ("t1", "t2", "t3"):
        last = diary.corrects(trace, "cancel")

    found = fold_dataset(spec, diary.entries, upto=last)
    usable = [usable_new_rows(found, engine, position) for position in (0, last - 1, last)]
    second = settle(found, engine, folder)

    assert (second.ref.feedback_rows, second.ref.parked, second.ref.feedback_upto) == (1, 1, last)
    assert usable == [1, 1, 0]
    assert second.ref.holdout == first.ref.holdout
    assert second.ref.version != first.ref.version
    assert second.report.rows == 42


def test_a_wrong_file_is_an_error_and_not_a_report(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no data file"):
        check_dataset(make_spec(str(tmp_path / "gone.csv")))
