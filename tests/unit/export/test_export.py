"""Export: the rows users spoke about, the correction over the answer, each once per consumer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dspyui_core.data_exporter import DataExporter
from dspyui_core.errors import InputError, ModelNotFoundError
from dspyui_core.files import write_pieces
from unit.export.diary import START, Diary


def rows(exporter: DataExporter, **options: Any) -> list[dict[str, Any]]:
    text = "".join(exporter.export_streaming("p", format="jsonl", **options))
    return [json.loads(line) for line in text.splitlines()]


def found(exporter: DataExporter, **options: Any) -> list[str]:
    frame = exporter.query_traces_with_feedback("p", **options)
    return [row["trace_id"] for row in frame.to_dict("records")]


def test_the_correction_wins_over_the_answer_and_only_for_what_it_names(
    diary: Diary, exporter: DataExporter
) -> None:
    diary.predicts("a", "hello", topic="billing", level=1)
    position = diary.says("a", "thumbs_down", corrected_output={"topic": "delivery"}, comment="no")

    assert rows(exporter) == [
        {
            "trace_id": "a",
            "user_id": "ann",
            "rating": "thumbs_down",
            "comment": "no",
            "version": 1,
            "position": position,
            "text": "hello",
            "topic": "delivery",
            "level": 1,
        }
    ]


def test_only_what_somebody_spoke_about_is_exported(diary: Diary, exporter: DataExporter) -> None:
    diary.predicts("a")
    diary.predicts("b")
    diary.says("b", "thumbs_up")

    assert found(exporter) == ["b"]


def test_the_latest_word_of_each_user_counts(diary: Diary, exporter: DataExporter) -> None:
    diary.predicts("a")
    diary.says("a", "thumbs_up")
    diary.says("a", "thumbs_up", user="bob")
    diary.says("a", "thumbs_down")

    told = [(row["user_id"], row["rating"]) for row in rows(exporter)]

    assert told == [("bob", "thumbs_up"), ("ann", "thumbs_down")]
    assert [row["user_id"] for row in rows(exporter, rating="thumbs_up")] == ["bob"]


def test_a_retracted_opinion_is_gone(diary: Diary, exporter: DataExporter) -> None:
    diary.predicts("a")
    diary.says("a", "thumbs_up")
    diary.says("a", "thumbs_up", retracted=True)

    assert rows(exporter) == []


def test_filters_by_date_rating_and_number(diary: Diary, exporter: DataExporter) -> None:
    for number, trace in enumerate("abcd"):
        diary.predicts(trace)
        diary.says(trace, ("thumbs_up", "thumbs_down")[number % 2])
    second, third = START + timedelta(days=2), START + timedelta(days=3)

    assert found(exporter) == ["a", "b", "c", "d"]
    assert found(exporter, rating="thumbs_down") == ["b", "d"]
    assert found(exporter, start_date=second, end_date=third) == ["b", "c"]
    assert found(exporter, rating="thumbs_up", limit=1) == ["a"]
    assert found(exporter, limit=0) == []
    assert found(exporter, limit=99) == ["a", "b", "c", "d"]


def test_an_output_called_rating_does_not_confuse_the_filter(
    diary: Diary, exporter: DataExporter
) -> None:
    diary.predicts("a", rating="five stars")
    diary.says("a", "thumbs_up")

    assert found(exporter, rating="thumbs_up") == ["a"]
    assert found(exporter, rating="thumbs_down") == []


def test_whole_numbers_stay_whole_beside_missing_ones(diary: Diary, exporter: DataExporter) -> None:
    diary.predicts("a", version=None, level=None, sure=True)
    diary.predicts("b", version=7, level=3, sure=None)
    diary.says("a", "thumbs_up")
    diary.says("b", "thumbs_up")

    told = [(row["version"], row["level"], row["sure"]) for row in rows(exporter)]

    assert json.dumps(told) == "[[null, null, true], [7, 3, null]]"


def test_a_consumer_gets_each_piece_once_and_only_after_it_said_so(
    diary: Diary, exporter: DataExporter
) -> None:
    diary.predicts("a")
    diary.says("a", "thumbs_up")
    upto = exporter.position("p")
    diary.predicts("b")
    diary.says("b", "thumbs_up")

    first = rows(exporter, consumer="crm", upto=upto)
    repeated = rows(exporter, consumer="crm", upto=upto)
    exporter.acknowledge("p", "crm", upto)
    later = rows(exporter, consumer="crm")

    assert [row["trace_id"] for row in first] == ["a"]
    assert repeated == first
    assert [row["trace_id"] for row in later] == ["b"]
    assert len(rows(exporter, consumer="other")) == 2


def test_a_late_correction_of_an_exported_row_is_exported_again(
    diary: Diary, exporter: DataExporter
) -> None:
    diary.predicts("a")
    diary.says("a", "thumbs_up")
    exporter.acknowledge("p", "crm", exporter.position("p"))

    diary.says("a", "thumbs_down", corrected_output={"topic": "delivery"})

    assert [row["topic"] for row in rows(exporter, consumer="crm")] == ["delivery"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rating": "up"}, "ratings: thumbs_up, thumbs_down"),
        ({"format": "xml"}, "formats: csv, json, jsonl, parquet"),
    ],
)
def test_an_unknown_word_is_refused_before_anything_is_written(
    options: dict[str, str], said: str, diary: Diary, exporter: DataExporter
) -> None:
    diary.predicts("a")

    with pytest.raises(InputError, match=said):
        exporter.export_streaming("p", **options)


def test_a_program_that_never_answered_is_unknown(exporter: DataExporter) -> None:
    with pytest.raises(ModelNotFoundError, match="no model 'q'"):
        exporter.query_traces_with_feedback("q")


@pytest.mark.parametrize("format", ["csv", "json", "jsonl"])
def test_an_export_without_rows_is_still_a_document(
    format: str, diary: Diary, exporter: DataExporter
) -> None:
    diary.predicts("a")

    text = "".join(exporter.export_streaming("p", format=format))

    header = "trace_id,user_id,rating,comment,version,position,text,topic\n"
    assert text == {"csv": header, "json": "[]\n", "jsonl": ""}[format]


plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()


@given(st.lists(st.fixed_dictionaries({"topic": plain, "tags": st.lists(plain)}), min_size=1))
@settings(max_examples=20, deadline=None)
def test_every_value_comes_back_from_json(values: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(values, dtype=object)
    anyone: Any = None
    exporter = DataExporter(anyone, anyone)

    assert json.loads(exporter.export_training_data(frame, "json")) == values
    lines = exporter.export_training_data(frame, "jsonl").split("\n")
    assert [json.loads(line) for line in lines if line] == values


def test_csv_keeps_lists_and_truth_values_and_disarms_formulas(
    diary: Diary, exporter: DataExporter
) -> None:
    diary.predicts("a", '=HYPERLINK("x")', tags=["a", "b"], sure=True, level=-3)
    diary.says("a", "thumbs_up", comment='two\nlines, "quoted"')

    text = "".join(exporter.export_streaming("p"))
    (row,) = csv.DictReader(io.StringIO(text))

    assert row["text"] == '\'=HYPERLINK("x")'
    assert (row["tags"], row["sure"], row["level"]) == ('["a", "b"]', "true", "-3")
    assert row["comment"] == 'two\nlines, "quoted"'


def failing() -> Iterator[str]:
    yield "half a "
    raise OSError("the disk is gone")


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    write_pieces(["one\n"], target)

    with pytest.raises(OSError, match="the disk is gone"):
        write_pieces(failing(), target)

    assert target.read_text() == "one\n"
    assert [file.name for file in tmp_path.iterdir() if "out" in file.name] == ["out.csv"]
