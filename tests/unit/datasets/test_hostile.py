"""Hostile files: each ends in rows, quarantined rows or a DatasetError, within bounded memory."""

from __future__ import annotations

import json
import os
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dspyui_core.datasets import Gold, open_table, parse_gold, read_table, stream_rows
from dspyui_core.datasets.contract import parsing
from dspyui_core.datasets.reading import columnar, guarding
from dspyui_core.errors import DatasetError
from unit.datasets.helpers import make_spec, write_csv

MEGABYTE = 1_048_576
GOOD = {"text": "fine", "intent": "a"}


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def parsed(path: Path, **dataset: Any) -> Gold:
    return parse_gold(make_spec(str(path), **dataset))


def reasons(gold: Gold) -> dict[int | None, str]:
    return {finding.problem.row: finding.problem.reason for finding in gold.quarantined}


def test_a_cell_of_a_megabyte_is_quarantined_and_not_kept(tmp_path: Path) -> None:
    rows = [GOOD, {"text": "x" * MEGABYTE, "intent": "a"}, {"text": "t", "intent": "y" * MEGABYTE}]

    gold = parsed(write_csv(tmp_path / "r.csv", rows))

    assert list(reasons(gold)) == [2, 3]
    assert all(len(finding.problem.value) < 300 for finding in gold.quarantined)
    assert [row.data_row for row in gold.rows] == [1]


def test_a_cell_of_a_megabyte_passes_where_the_spec_says_so(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [{"text": "x" * MEGABYTE, "intent": "a"}])

    gold = parsed(path, checks={"max_characters": 2 * MEGABYTE})

    assert len(gold.rows[0].inputs["text"]) == MEGABYTE


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json", "parquet"])
def test_ten_thousand_columns_are_no_trouble(tmp_path: Path, ending: str) -> None:
    row = {**{f"c{n}": "1" for n in range(10_000)}, **GOOD}
    path = tmp_path / f"r.{ending}"
    if ending == "csv":
        write_csv(path, [row, row])
    elif ending == "parquet":
        pq.write_table(pa.Table.from_pylist([row, row]), path)
    else:
        path.write_text(json.dumps([row, row]) if ending == "json" else f"{json.dumps(row)}\n" * 2)

    gold = parsed(path)

    assert [row.inputs for row in gold.rows] == [{"text": "fine"}] * 2


def test_ten_thousand_repeated_columns_are_one_error(tmp_path: Path) -> None:
    path = written(tmp_path / "r.csv", ",".join(["a", "b"] * 5_000) + "\n")

    with pytest.raises(DatasetError, match="several columns named 'a', 'b'"):
        parsed(path)


def test_nul_bytes_quarantine_their_row(tmp_path: Path) -> None:
    gold = parsed(written(tmp_path / "r.csv", "text,intent\na\0b,a\nfine,a\nc,\0\n"))

    assert reasons(gold) == {
        1: "holds the control character U+0000 at character 2",
        3: "holds the control character U+0000 at character 1",
    }


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.json"])
def test_mixed_encodings_are_refused_with_the_place(tmp_path: Path, name: str) -> None:
    lines = ["text,intent", "café,a"] if name == "r.csv" else ['{"text": "café", "intent": "a"}']
    good = "\n".join(lines).encode()
    path = written(tmp_path / name, good + b"\n" + lines[-1].encode("latin-1"))

    with pytest.raises(
        DatasetError, match=f"not UTF-8: byte 0xe9 at offset .*line {len(lines) + 1}"
    ):
        parsed(path)


def test_a_place_far_into_a_file_is_told_exactly(tmp_path: Path) -> None:
    before = ("text,intent\n" + f"{'né' * 100},a\n" * 2_000).encode()
    path = written(tmp_path / "r.csv", before + b"\xff,a\n")

    with pytest.raises(DatasetError, match=f"at offset {len(before)}, line 2002"):
        parsed(path)


def test_formulas_stay_text(tmp_path: Path) -> None:
    formulas = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x","y")']
    path = write_csv(tmp_path / "r.csv", [{"text": text, "intent": "a"} for text in formulas])

    assert [row.inputs["text"] for row in parsed(path).rows] == formulas


LISTS: dict[str, Any] = {"outputs": {"intent": {"type": "list", "items": "str"}}}


@pytest.mark.parametrize("depth", [900, 10_000, 100_000])
@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.json"])
def test_deep_json_is_a_problem_of_its_row_or_file(tmp_path: Path, name: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    content = {
        "r.csv": f'text,intent\nhi,{deep}\nhi,"[""a""]"\n',
        "r.jsonl": f'{{"text": "hi", "intent": {deep}}}\n{{"text": "hi", "intent": ["a"]}}\n',
        "r.json": f'[{{"text": "hi", "intent": {deep}}}, {{"text": "hi", "intent": ["a"]}}]',
    }
    path = written(tmp_path / name, content[name])

    try:
        gold = parsed(path, **LISTS)
    except DatasetError as error:
        assert name != "r.csv"
        assert "nested too deeply" in str(error)
    else:
        assert list(reasons(gold)) == [1]
        assert [row.labels for row in gold.rows] == [{"intent": ["a"]}]


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_what_json_readers_disagree_on_is_a_problem_of_its_row(tmp_path: Path, name: str) -> None:
    texts = [
        '{"text": "a", "score": 1.5}',
        '{"text": "a", "text": "b", "score": 1}',
        '{"text": "a", "score": NaN}',
        '{"text": "a", "score": 1e999}',
        '{"text": "a", "score": 1, "more": [{"x": 1, "x": 2}]}',
        f'{{"text": "a", "score": {"9" * 4_000}}}',
    ]
    content = "\n".join(texts) if name == "r.jsonl" else f"[{','.join(texts)}]"

    gold = parsed(written(tmp_path / name, content), outputs={"score": "float"})

    found = reasons(gold)
    assert list(found) == [2, 3, 4, 5, 6]
    assert found[2] == "has the key 'text' twice"
    assert found[3] == "is blank"
    assert found[5] == "has the key 'x' twice"


def test_a_whole_number_of_thousands_of_digits_is_no_traceback(tmp_path: Path) -> None:
    long = "9" * 5_000
    lines = written(tmp_path / "r.jsonl", f'{{"text": "a", "n": {long}}}\n')
    cells = written(tmp_path / "r.csv", f"text,n\na,{long}\nb,7\n")

    with pytest.raises(DatasetError, match="too many digits"):
        parsed(lines, outputs={"n": "int"})
    gold = parsed(cells, outputs={"n": "int"})

    assert list(reasons(gold)) == [1]
    assert [row.labels for row in gold.rows] == [{"n": 7}]


@pytest.mark.parametrize("read", [read_table, stream_rows, open_table])
@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "folder"])
def test_what_is_no_file_is_refused_and_never_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, read: Any
) -> None:
    monkeypatch.chdir(tmp_path)  # A socket's path has to be short.
    path = Path("r.csv")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))

    with pytest.raises(DatasetError, match=f"it is a {kind}"):
        list(read(path))


@pytest.mark.parametrize("name", ["r.csv", "r.tsv", "r.json", "r.jsonl"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n \n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(DatasetError, match=r"empty|malformed JSON|missing"):
        parsed(written(tmp_path / name, content))


def test_an_open_quote_is_found_before_it_takes_the_memory(tmp_path: Path) -> None:
    path = written(tmp_path / "r.csv", 'text,intent\n"open,a\n' + "fine,a\n" * 1_000)

    with pytest.raises(DatasetError, match="broken CSV at line"):
        parsed(path)


def test_a_file_of_zeros_is_refused_at_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with path.open("wb") as stream:
        stream.truncate(guarding.LONGEST_LINE + 2)

    with pytest.raises(DatasetError, match="a line of more than 64 MB"):
        parsed(path)


def test_json_is_not_read_whole_beyond_what_memory_takes(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    with path.open("wb") as stream:
        stream.truncate(guarding.LARGEST_WHOLE + 1)

    with pytest.raises(DatasetError, match="256 MB are the most") as caught:
        parsed(path)
    assert "JSON Lines" in caught.value.hint


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [GOOD] * 3)
    rows = open_table(path).rows(["text"])
    next(rows)

    path.write_text(path.read_text() + "more,a\n")

    with pytest.raises(DatasetError, match="changed while it was read"):
        list(rows)


def bomb(path: Path, texts: list[str], rows: int, **columns: Any) -> Path:
    """A Parquet file whose texts are there once and meant `rows` times."""
    places = pa.array([n % len(texts) for n in range(rows)], pa.int32())
    text = pa.DictionaryArray.from_arrays(places, texts)
    table = pa.table({"text": text, "intent": ["a"] * rows, **columns})
    pq.write_table(table, path, compression="zstd")
    return path


def test_a_text_that_a_parquet_file_means_often_is_kept_once(tmp_path: Path) -> None:
    path = bomb(tmp_path / "r.parquet", ["x" * MEGABYTE, "fine"], 2_000)
    assert path.stat().st_size < 20_000

    tracemalloc.start()
    gold = parsed(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    # Unpacked it would be 1 GB.
    assert peak < 100 * MEGABYTE
    assert (len(gold.rows), len(gold.quarantined)) == (1_000, 1_000)


def test_a_parquet_file_that_unpacks_to_too_much_is_refused_before_it_is_read(
    tmp_path: Path,
) -> None:
    runs = pa.array([0]).take(pa.array([0] * 1_000)).cast(pa.int8())
    path = tmp_path / "r.parquet"
    schema = pa.schema([("text", pa.string()), ("intent", pa.int8())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        many = pa.concat_arrays([runs] * 10_000)
        writer.write_table(pa.table([pa.nulls(10_000_000, pa.string()), many], schema))

    with pytest.raises(DatasetError, match=r"unpacks to at least 152 MB, [\d,]+ times its size"):
        parsed(path)


def test_lists_that_a_parquet_file_repeats_are_weighed_before_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, "_MOST_IN_BATCH", 10 * MEGABYTE)
    path = tmp_path / "r.parquet"
    rows = [{"text": "t", "intent": ["x" * MEGABYTE] * 5}] * 4
    pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")

    with pytest.raises(DatasetError, match="rows that unpack to more than 10 MB"):
        parsed(path, **LISTS)


def test_parquet_text_that_is_no_utf8_quarantines_its_row(tmp_path: Path) -> None:
    raw = pa.array([b"fine", b"caf\xe9"]).view(pa.binary())
    broken = pa.StringArray.from_buffers(2, *raw.buffers()[1:])
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({"text": broken, "intent": ["a", "a"]}), path)

    gold = parsed(path)

    assert list(reasons(gold)) == [2]
    assert "U+FFFD" in reasons(gold)[2]


@pytest.mark.parametrize("cut", [1, 8, 200, -200, -8, -1])
def test_a_parquet_file_cut_off_anywhere_is_said_to_be_unreadable(tmp_path: Path, cut: int) -> None:
    whole = bomb(tmp_path / "whole.parquet", ["a b", "c d"], 500).read_bytes()
    path = written(tmp_path / "r.parquet", whole[:cut])

    with pytest.raises(DatasetError, match="no readable Parquet"):
        parsed(path)


def test_a_parquet_file_with_any_wrong_byte_is_no_traceback(tmp_path: Path) -> None:
    whole = bomb(tmp_path / "whole.parquet", ["a b", "c d"], 50).read_bytes()
    path = tmp_path / "r.parquet"

    for place in range(0, len(whole), 37):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            gold = parsed(path)
        except DatasetError as error:
            assert error.message
        else:
            assert gold.total >= 0


def test_parquet_columns_that_nobody_asks_for_are_not_read(tmp_path: Path) -> None:
    path = bomb(tmp_path / "r.parquet", ["fine"], 3, when=[1 << 62] * 3, a__b=["x", "y", "z"])

    cells = list(columnar.row_cells(path, ["text", "gone"]))

    assert cells == [{"text": "fine"}] * 3


def test_progress_is_told_while_rows_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "_ROWS_AT_ONCE", 2_000)
    path = written(tmp_path / "r.csv", "text,intent\n" + "fine,a\n" * 4_500)
    lines: list[str] = []

    gold = parse_gold(make_spec(str(path)), on_progress=lines.append)

    assert lines == [f"r.csv: {count} rows read" for count in ("2,000", "4,000", "4,500")]
    assert gold.total == 4_500
