"""Parquet: typed, nested as such, whole or not there, and JSON text where nothing else is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dspyui_core.data_exporter import DataExporter, Wanted
from dspyui_core.data_exporter.parquet import write_parquet
from dspyui_core.data_exporter.writing import META
from dspyui_core.errors import InputError
from unit.export.diary import Diary

OWN = dict.fromkeys(META)


def _back(path: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(path).to_pylist())


def _told(exporter: DataExporter, path: Path) -> list[dict[str, Any]]:
    exporter.deliver("p", Wanted(), format="parquet", out=path)
    return _back(path)


def _columns(path: Path) -> dict[str, str]:
    return {field.name: str(field.type) for field in pq.read_schema(path)}


def test_lists_objects_numbers_and_truth_values_are_typed(
    diary: Diary, exporter: DataExporter, tmp_path: Path
) -> None:
    diary.predicts("a", tags=["x", "y"], place={"city": "Utrecht", "floor": 3}, sure=True, level=2)
    diary.says("a", "thumbs_down", corrected_output={"tags": ["z"]}, comment="=1+1")

    (row,) = _told(exporter, tmp_path / "out.parquet")

    assert row["tags"] == ["z"]
    assert row["place"] == {"city": "Utrecht", "floor": 3}
    assert (row["sure"], row["level"], row["version"]) == (True, 2, 1)
    assert row["comment"] == "=1+1"
    types = _columns(tmp_path / "out.parquet")
    assert types["tags"].startswith("list<")
    assert types["place"] == "struct<city: string, floor: int64>"
    assert (types["level"], types["sure"]) == ("int64", "bool")


def test_an_export_without_rows_has_its_columns(
    diary: Diary, exporter: DataExporter, tmp_path: Path
) -> None:
    diary.predicts("a")

    assert _told(exporter, tmp_path / "out.parquet") == []
    assert list(_columns(tmp_path / "out.parquet")) == [*META, "text", "topic"]


def test_a_column_without_one_type_is_json_text_and_the_file_says_so(
    diary: Diary, exporter: DataExporter, tmp_path: Path
) -> None:
    for trace, value in (("a", 3), ("b", "three"), ("c", {"n": 3}), ("d", None)):
        diary.predicts(trace, level=value)
        diary.says(trace, "thumbs_up")

    rows = _told(exporter, tmp_path / "out.parquet")

    assert [json.loads(row["level"]) if row["level"] else None for row in rows] == [
        3,
        "three",
        {"n": 3},
        None,
    ]
    marked = pq.read_schema(tmp_path / "out.parquet").metadata[b"dspyui.json"]
    assert json.loads(marked) == ["level"]


def test_whole_numbers_beside_fractions_are_fractions(tmp_path: Path) -> None:
    rows = [{**OWN, "x": value} for value in [1, 2.5] * 500 + [2**60 + 1]]

    write_parquet(lambda: iter(rows), [*META, "x"], tmp_path / "x.parquet")

    back = [row["x"] for row in _back(tmp_path / "x.parquet")]
    assert (back[0], back[1], back[-1]) == (1.0, 2.5, float(2**60 + 1))


def test_what_a_later_portion_adds_to_an_object_is_kept(tmp_path: Path) -> None:
    rows = [{**OWN, "x": {"a": 1}}] * 1500 + [{**OWN, "x": {"b": "late"}}]

    write_parquet(lambda: iter(rows), [*META, "x"], tmp_path / "x.parquet")

    back = _back(tmp_path / "x.parquet")
    assert (back[0]["x"], back[-1]["x"]) == ({"a": 1, "b": None}, {"a": None, "b": "late"})


def test_a_failure_half_way_leaves_no_file(tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {**OWN, "x": 1}
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        write_parquet(rows, [*META, "x"], tmp_path / "x.parquet")

    assert list(tmp_path.glob("*x.parquet*")) == []


def test_parquet_is_no_text(diary: Diary, exporter: DataExporter) -> None:
    diary.predicts("a")

    with pytest.raises(InputError, match="is no text") as raised:
        exporter.collect("p", Wanted()).pieces("parquet")
    assert "--out" in raised.value.hint


plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(plain | st.lists(plain, max_size=3), min_size=1, max_size=6))
def test_every_value_comes_back(tmp_path: Path, values: list[Any]) -> None:
    rows = [{**OWN, "x": value} for value in values]

    write_parquet(lambda: iter(rows), [*META, "x"], tmp_path / "x.parquet")

    as_text = json.loads(pq.read_schema(tmp_path / "x.parquet").metadata[b"dspyui.json"])
    back = [row["x"] for row in _back(tmp_path / "x.parquet")]
    assert [json.loads(x) if as_text and x is not None else x for x in back] == values
