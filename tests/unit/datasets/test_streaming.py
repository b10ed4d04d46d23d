"""Streaming: the same rows as loading, one after another, and what is wrong with a file."""

from __future__ import annotations

import csv
import json
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dspyui_core.datasets import read_table, scan_file, stream_rows
from dspyui_core.errors import DatasetError

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("streamed")


def assert_as_loaded(path: Path) -> None:
    table, scan = read_table(path), scan_file(path)

    assert tuple(stream_rows(path)) == table.rows
    assert (scan.columns, scan.rows, scan.sha256) == (table.columns, len(table.rows), table.sha256)


@given(rows=TABLES, separator=st.sampled_from([",", ";", "\t", "|"]), mark=st.booleans())
def test_a_csv_file_streams_as_it_loads(
    folder: Path, rows: list[tuple[str, ...]], separator: str, mark: bool
) -> None:
    path = folder / "a.csv"
    with path.open("w", encoding="utf-8-sig" if mark else "utf-8", newline="") as stream:
        csv.writer(stream, delimiter=separator).writerows([("a", "b", "c"), *rows])

    assert_as_loaded(path)


@given(rows=st.lists(st.dictionaries(CELLS, CELLS | st.integers(), max_size=3), min_size=1))
def test_json_lines_stream_as_they_load(folder: Path, rows: list[dict[str, object]]) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]

    assert_as_loaded(written(folder / "a.jsonl", "\n\n".join(lines)))


def test_a_parquet_file_streams_as_it_loads(tmp_path: Path) -> None:
    columns = {"n": list(range(700)), "tags": [["a"], None] * 350}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=300)

    assert_as_loaded(tmp_path / "a.parquet")


@pytest.mark.parametrize("content", ["a,b\n1,2\n1,2,3\n\n4\n", "a,b\r1,2\r", 'a\n"1\n2"\n'])
def test_ragged_rows_old_line_ends_and_long_cells_stream_as_they_load(
    tmp_path: Path, content: str
) -> None:
    assert_as_loaded(written(tmp_path / "a.csv", content))


def test_a_broken_line_of_json_is_a_row_with_a_problem(tmp_path: Path) -> None:
    rows = tuple(stream_rows(written(tmp_path / "a.jsonl", '{"a": 1}\n{"a":\n[1]\n')))

    reasons = [row.problem.reason.split(":")[0] if row.problem else "" for row in rows]
    assert reasons == ["", "is malformed JSON", "is not an object"]
    assert [row.number for row in rows] == [1, 2, 3]


def test_a_repeated_column_is_still_in_the_header(tmp_path: Path) -> None:
    assert scan_file(written(tmp_path / "a.csv", "a,a\n1,2\n")).columns == ("a", "a")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"a\nfine\n\xe9t\xe9\n", "byte 0xe9 at offset 7, line 3"),
        ("a.csv", "text\nhi\n".encode("utf-16"), "UTF-16"),
        ("a.jsonl", b'{"a": "\xff"}', "not UTF-8"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b'a\n"open\n', "broken CSV at line"),
        ("a.parquet", b"no parquet", "no readable Parquet"),
        ("a.json", b"[]", "'.json', which is not read row by row"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(DatasetError, match=said):
        scan_file(written(tmp_path / name, content))


@pytest.mark.parametrize("name", ["gone.csv", "gone.jsonl", "gone.parquet"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="no data file"):
        scan_file(tmp_path / name)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(DatasetError, match="cannot be read"):
        scan_file(tmp_path / "folder.csv")


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "\ufeffa\n1\n")

    assert scan_file(path).sha256 == sha256(path.read_bytes()).hexdigest()
