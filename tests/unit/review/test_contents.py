from __future__ import annotations

from typing import Any

from dspyui_core.datasets.reports.report import Quarantined
from dspyui_core.review import row_contents
from dspyui_core.store.journal import Entry
from unit.datasets.helpers import Diary


def problem(**changes: Any) -> Quarantined:
    values: dict[str, Any] = {
        "row": None,
        "column": "intent",
        "reason": "users give this input different labels: b, c (trace t1)",
        "value": "b",
        "remedy": "decide",
        "check": "label_conflicts",
        "source": "feedback",
        "trace_id": "t1",
    }
    return Quarantined(**values | changes)


def content_of(diary: Diary, *problems: Quarantined) -> dict[str, Any]:
    answers = {entry.trace_id: entry for entry in diary.entries if entry.kind == "prediction"}
    spoken: dict[str, list[Entry]] = {}
    for entry in diary.entries:
        if entry.kind == "feedback":
            spoken.setdefault(entry.trace_id, []).append(entry)
    (content,) = row_contents(problems, answers, spoken).values()
    return content


def disagreeing() -> Diary:
    diary = Diary()
    diary.predicts("t1", "hello", "a")
    diary.corrects("t1", "b", "ann")
    diary.corrects("t1", "c", "ben")
    return diary


def test_what_users_said_stands_beside_the_answer() -> None:
    content = content_of(disagreeing(), problem(), problem(value="c"))

    assert content["inputs"] == {"text": "hello"}
    assert content["answered"] == {"intent": "a"}
    assert content["said"] == [
        {"user": "ann", "labels": {"intent": "b"}},
        {"user": "ben", "labels": {"intent": "c"}},
    ]
    assert [p["value"] for p in content["problems"]] == ["b", "c"]
    assert content["problems"][0]["reason"] == "users give this input different labels: b, c"


def test_the_latest_word_of_each_user_counts_and_a_retraction_none() -> None:
    diary = disagreeing()
    diary.says("t1", None, "ann", retracted=True)
    diary.says("t1", "thumbs_up", "ben")
    diary.says("t1", "thumbs_down", "cem")
    diary.says("t1", "thumbs_down", "dora", corrected_output="d")

    assert content_of(diary, problem())["said"] == [
        {"user": "ben", "labels": {"intent": "a"}},
        {"user": "dora", "labels": {"intent": "d"}},
    ]


def test_a_row_of_a_file_has_its_place_and_no_inputs() -> None:
    own = problem(row=7, source="rows.csv", trace_id=None, reason="is blank (in rows.csv)")

    content = content_of(Diary(), own)

    assert (content["source"], content["row"], "inputs" in content) == ("rows.csv", 7, False)
    assert content["problems"][0]["reason"] == "is blank"


def test_a_row_whose_problems_change_is_another_item() -> None:
    keys = [
        next(iter(row_contents([problem(value=value)], {}, {}))) for value in ("b", "b", "other")
    ]

    assert keys[0] == keys[1] != keys[2]


def test_two_files_with_a_row_of_one_number_are_two_items() -> None:
    rows = [problem(row=1, source=name, trace_id=None) for name in ("a.csv", "b.csv")]

    assert len(row_contents(rows, {}, {})) == 2


def test_a_key_fits_into_its_column() -> None:
    (key,) = row_contents([problem(row=1, source="x" * 255, trace_id=None)], {}, {})

    assert len(key) <= 300
