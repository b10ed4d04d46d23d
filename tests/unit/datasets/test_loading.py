from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dspyui_core.datasets import read_table
from dspyui_core.errors import DatasetError


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_csv_cells_stay_text(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "a.csv", "text,n\nNA,007\nnull,1.0\n"))

    assert [row.cells for row in table.rows] == [
        {"text": "NA", "n": "007"},
        {"text": "null", "n": "1.0"},
    ]
    assert table.columns == ("text", "n")


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "a.csv", b"\xef\xbb\xbftext\nhi\n"))

    assert table.columns == ("text",)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_header_without_commas_says_what_separates_the_cells(
    tmp_path: Path, separator: str
) -> None:
    lines = [("text", '"price, EUR"', "label"), ("a, b", "1,50", "x"), ("c", "x")]
    content = "\r\n".join(separator.join(cells) for cells in lines)

    table = read_table(written(tmp_path / "a.csv", f"\ufeff{content}"))

    assert table.columns == ("text", "price, EUR", "label")
    assert table.rows[0].cells == {"text": "a, b", "price, EUR": "1,50", "label": "x"}
    assert f"quote cells that hold {separator!r}" in str(table.rows[1].problem)


def test_a_cell_may_hold_commas_quotes_lines_and_megabytes(tmp_path: Path) -> None:
    long = "x" * 300_000
    table = read_table(written(tmp_path / "a.csv", f'a,b\n"1,\n""2""",{long}\n'))

    assert table.rows[0].cells == {"a": '1,\n"2"', "b": long}


def test_a_ragged_row_is_a_problem_of_that_row_and_not_of_the_file(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "a.csv", "a,b\n1,2\n1,2,3\n\n4\n5,6\n"))

    problems = [row.problem for row in table.rows]
    assert [problem.row for problem in problems if problem] == [2, 3]
    assert "has 3 cells where the header has 2" in str(problems[1])
    assert table.rows[3].cells == {"a": "5", "b": "6"}


def test_latin_1_is_refused_with_the_place_and_the_remedy(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text\nhello\ncafé\n".encode("latin-1"))

    with pytest.raises(DatasetError, match=r"not UTF-8: byte 0xe9 at offset 14, line 3") as caught:
        read_table(path)
    assert "iconv" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "hint"),
    [("text\nhi\n".encode("utf-16"), "iconv -f utf-16"), (b"\x7fELF\0\xd0", "no text file")],
)
def test_other_bytes_are_refused_for_what_they_are(
    tmp_path: Path, content: bytes, hint: str
) -> None:
    with pytest.raises(DatasetError, match="is not UTF-8") as caught:
        read_table(written(tmp_path / "a.csv", content))
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", "text\nhi\n", "ending '.txt'"),
        ("a.csv", "", "is empty"),
        ("a.jsonl", "\n\n", "is empty"),
        ("a.json", "", "is empty"),
        ("a.csv", 'a,b\n"1,2\n', "broken CSV at line 2"),
        ("a.csv", "a,a\n1,2\n", "several columns named 'a'"),
        ("a.json", '[{"a": 1},\n{"a"}]', "malformed JSON at line 2"),
        ("a.json", '{"a": 1}', "one JSON dict, not a list"),
        ("a.json", "[" * 100_000, "malformed JSON"),
        ("a.parquet", "PAR1", "no readable Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    with pytest.raises(DatasetError, match=says) as caught:
        read_table(written(tmp_path / name, content))
    assert caught.value.hint


def test_a_missing_file_and_a_folder_are_dataset_errors(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no data file .*gone\.csv"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_table(tmp_path)


def test_every_malformed_json_line_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", '{"a": 1}\n{"a": \n\n{"a": 2}\noops\n')

    with pytest.raises(DatasetError, match="malformed JSON at line 2") as caught:
        read_table(path)
    assert [problem.column for problem in caught.value.problems] == ["line 2", "line 5"]


def test_json_lines_break_at_newlines_only(tmp_path: Path) -> None:
    line = json.dumps({"a": "one\u2028two\x85three"}, ensure_ascii=False)

    table = read_table(written(tmp_path / "a.jsonl", f"{line}\r\n"))

    assert table.rows[0].cells == {"a": "one\u2028two\x85three"}


def test_a_json_row_that_is_no_object_is_a_problem_of_that_row(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "a.json", '[{"a": 1}, 5, {"b": 2}]'))

    assert [row.problem is None for row in table.rows] == [True, False, True]
    assert table.columns == ("a", "b")


def test_parquet_gives_typed_cells(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1, None], "tags": [["a"], []]}), tmp_path / "a.parquet")

    table = read_table(tmp_path / "a.parquet")

    assert [row.cells for row in table.rows] == [{"n": 1, "tags": ["a"]}, {"n": None, "tags": []}]
