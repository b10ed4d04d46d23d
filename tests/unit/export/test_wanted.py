"""What an export is to hold: filters, times, consumers, and columns that share a name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dspyui_core.data_exporter import DataExporter, Wanted, moment
from dspyui_core.errors import InputError
from dspyui_core.store.journal import Journal
from dspyui_core.store.watermarks import Watermarks
from support.states import fresh_engine
from unit.export.diary import START, Diary


def traces(exporter: DataExporter, **wanted: Any) -> list[str]:
    return [row["trace_id"] for row in exporter.collect("p", Wanted(**wanted)).rows]


def test_a_field_with_the_name_of_a_column_of_ours_keeps_it(
    diary: Diary, exporter: DataExporter
) -> None:
    diary.predicts("a", rating="five stars", position="left")
    diary.says("a", "thumbs_down", corrected_output={"rating": "one star"})

    (row,) = exporter.collect("p", Wanted()).rows

    assert (row["rating"], row["feedback_rating"]) == ("one star", "thumbs_down")
    assert (row["position"], row["feedback_position"]) == ("left", 2)
    assert list(row)[:3] == ["trace_id", "user_id", "feedback_rating"]


def test_a_prefix_that_is_taken_too_is_repeated(diary: Diary, exporter: DataExporter) -> None:
    diary.predicts("a", comment="x", feedback_comment="y")
    diary.says("a", "thumbs_up", comment="mine")

    (row,) = exporter.collect("p", Wanted()).rows

    assert (row["comment"], row["feedback_comment"]) == ("x", "y")
    assert row["feedback_feedback_comment"] == "mine"


def test_a_filter_does_not_change_the_columns(diary: Diary, exporter: DataExporter) -> None:
    diary.predicts("a", rating="five stars")
    diary.says("a", "thumbs_up")
    diary.predicts("b", topic="billing")
    diary.says("b", "thumbs_down")

    (row,) = exporter.collect("p", Wanted(rating="thumbs_down")).rows

    assert (row["trace_id"], row["feedback_rating"]) == ("b", "thumbs_down")


def test_only_the_answers_of_one_version(diary: Diary, exporter: DataExporter) -> None:
    for trace, version in (("a", 1), ("b", 2), ("c", 2)):
        diary.predicts(trace, version=version)
        diary.says(trace, "thumbs_up")

    assert traces(exporter, version=2) == ["b", "c"]


def test_both_ends_of_a_period_are_included(diary: Diary, exporter: DataExporter) -> None:
    diary.hears("a", "b", "c", "d")

    period = {"since": START + timedelta(days=2), "until": START + timedelta(days=3)}

    assert traces(exporter, **period) == ["b", "c"]


@pytest.mark.parametrize(
    "filters",
    [
        {"rating": "thumbs_up"},
        {"since": START},
        {"until": START},
        {"version": 1},
        {"rating": "thumbs_up", "version": 1, "limit": 3},
    ],
)
def test_a_consumer_with_a_filter_is_refused_and_told_why(
    filters: dict[str, Any], diary: Diary, exporter: DataExporter
) -> None:
    diary.hears("a")

    with pytest.raises(InputError, match="would never reach that consumer") as refused:
        exporter.collect("p", Wanted(consumer="crm", **filters))

    assert all(name in refused.value.message for name in filters if name != "limit")


def test_a_period_that_ends_before_it_begins_is_refused(exporter: DataExporter) -> None:
    with pytest.raises(InputError, match="is after until"):
        exporter.collect("p", Wanted(since=START, until=START - timedelta(days=1)))


def test_a_consumer_needs_a_name(exporter: DataExporter) -> None:
    with pytest.raises(InputError, match="no name"):
        exporter.collect("p", Wanted(consumer=" "))


def test_a_limit_hands_a_consumer_everything_in_portions(
    diary: Diary, exporter: DataExporter, tmp_path: Path
) -> None:
    first, *_ = diary.hears("a", "b", "c")
    diary.says("a", "thumbs_down")
    portions = []

    for number in range(3):
        out = tmp_path / f"{number}.jsonl"
        wanted = Wanted(consumer="crm", limit=2)
        done = exporter.deliver("p", wanted, format="jsonl", out=out)
        portions.append([json.loads(line)["trace_id"] for line in out.read_text().splitlines()])
        assert done.rows == len(portions[-1])

    assert portions == [["b", "c"], ["a"], []]
    assert exporter.watermark("p", "crm") == exporter.position("p") > first


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 4), words=st.lists(st.sampled_from("abc"), max_size=8))
def test_portions_hand_over_every_last_word_once(
    tmp_path_factory: pytest.TempPathFactory, limit: int, words: list[str]
) -> None:
    with fresh_engine(tmp_path_factory.mktemp("portions")) as engine:
        days = [START]
        diary = Diary(Journal(engine, now=lambda: days[-1]), days)
        exporter = DataExporter(diary.journal, Watermarks(engine))
        for trace in "abc":
            diary.predicts(trace)
        last = {trace: diary.says(trace, "thumbs_up") for trace in words}
        had: list[int] = []

        while (portion := exporter.collect("p", Wanted(consumer="crm", limit=limit))).count():
            had += [row["position"] for row in portion.stream()]
            exporter.acknowledge("p", "crm", portion.position)

    assert had == sorted(last.values())


def test_a_file_that_cannot_be_written_moves_no_watermark(
    diary: Diary, exporter: DataExporter, tmp_path: Path
) -> None:
    diary.hears("a")

    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        exporter.deliver("p", Wanted(consumer="crm"), format="csv", out=tmp_path / "no" / "x.csv")

    assert exporter.watermark("p", "crm") == 0
    assert traces(exporter, consumer="crm") == ["a"]


@pytest.mark.parametrize(
    ("text", "end", "meant"),
    [
        ("2025-01-31", False, datetime(2025, 1, 31, tzinfo=UTC)),
        ("2025-01-31", True, datetime(2025, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2025-01-31T08:00", True, datetime(2025, 1, 31, 8, tzinfo=UTC)),
        ("2025-01-31T08:00:00Z", False, datetime(2025, 1, 31, 8, tzinfo=UTC)),
        (
            "2025-01-31T08:00:00+02:00",
            False,
            datetime(2025, 1, 31, 8, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_a_date_or_a_timestamp_is_a_moment(text: str, end: bool, meant: datetime) -> None:
    found = moment(text, end=end)

    assert (found, found.utcoffset()) == (meant, meant.utcoffset())


def test_what_is_no_time_is_told_how_to_write_one() -> None:
    with pytest.raises(ValueError, match="'last week' is no time: write a date, 2025-01-31"):
        moment("last week")
