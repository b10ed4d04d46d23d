"""Merging two data files: what the first says stays, and contradictions are a person's."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dspyui_core.datasets import read_table
from dspyui_core.errors import DatasetError, InputError
from dspyui_core.spec import ProgramSpec
from dspyui_core.turn import Merged, MergeRequest, merge_files

SPEC = ProgramSpec.model_validate(
    {
        "name": "p",
        "signature": {
            "instructions": "Name the intent.",
            "inputs": {"text": "str"},
            "outputs": {"intent": {"type": "literal", "values": "from_data"}},
        },
        "dataset": {"sources": ["gold.csv"], "columns": {"text": "message"}},
    }
)
NUMBERS = ProgramSpec.model_validate(
    {
        "name": "p",
        "signature": {
            "instructions": "Add.",
            "inputs": {"a": "int", "b": {"type": "int", "optional": True}},
            "outputs": {"sum": "int"},
        },
        "dataset": {"sources": ["gold.csv"]},
    }
)

Row = Mapping[str, Any]


def write(path: Path, rows: Sequence[Row]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    else:
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


def said(message: str, intent: str | None, **more: str) -> dict[str, Any]:
    return {"message": message, "intent": intent, **more}


def merged(first: Path, second: Path, out: str = "all.csv", **request: Any) -> Merged:
    options = {"spec": SPEC} | request
    return merge_files(MergeRequest(first, second, first.with_name(out), **options))


def rows(path: Path) -> list[dict[str, Any]]:
    return [dict(row.cells) for row in read_table(path).rows]


GOLD = [said("lost my card", "card"), said("close it", "account")]


def test_rows_of_the_second_file_follow_those_of_the_first(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", GOLD)
    second = write(tmp_path / "new.csv", [said("a refund please", "refund", by="ann")])

    found = merged(first, second)

    assert (found.rows, found.first, found.second, found.refused) == (3, 2, 1, False)
    assert rows(found.out) == [
        {**GOLD[0], "by": ""},
        {**GOLD[1], "by": ""},
        said("a refund please", "refund", by="ann"),
    ]


def test_what_says_the_same_again_is_taken_once_whatever_its_case_and_spaces(
    tmp_path: Path,
) -> None:
    first = write(tmp_path / "gold.csv", [*GOLD, GOLD[0]])
    second = write(tmp_path / "new.csv", [said("Lost  my CARD ", "card"), said("close it", "")])

    found = merged(first, second)

    assert (found.rows, found.repeated, found.conflicting) == (2, 3, 0)
    assert rows(found.out) == GOLD


def test_a_contradiction_stops_the_merge_and_is_told_with_both_rows(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", GOLD)
    second = write(tmp_path / "new.csv", [said("new", "x"), said("Close it", "refund")])

    found = merged(first, second)

    assert (found.refused, found.conflicting) == (True, 1)
    assert not found.out.exists()
    (told,) = found.conflicts
    assert (told.file, told.row, told.says) == ("new.csv", 2, {"intent": "refund"})
    assert (told.kept_file, told.kept_row, told.kept_says) == (
        "gold.csv",
        2,
        {"intent": "account"},
    )


def test_with_a_file_for_conflicts_gold_stays_and_the_others_go_there(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", GOLD)
    second = write(tmp_path / "new.csv", [said("close it", "refund"), said("close it", "card")])

    found = merged(first, second, conflicts=tmp_path / "look.jsonl")

    assert (found.refused, rows(found.out)) == (False, GOLD)
    assert rows(tmp_path / "look.jsonl") == [
        {
            "merge_file": "new.csv",
            "merge_row": number,
            "merge_kept_file": "gold.csv",
            "merge_kept_row": 2,
            **said("close it", label),
        }
        for number, label in ((1, "refund"), (2, "card"))
    ]


def test_gold_that_contradicts_itself_is_told_too(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", [*GOLD, said("close it", "card")])
    second = write(tmp_path / "new.csv", [said("new", "x")])

    assert [one.file for one in merged(first, second).conflicts] == ["gold.csv"]


def test_a_gold_row_without_a_label_is_not_filled_by_the_second_file(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", [said("close it", "")])
    second = write(tmp_path / "new.csv", [said("close it", "refund")])

    assert merged(first, second).refused


def test_rows_without_an_input_repeat_nobody(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", [said("", "card"), said(" ", "refund")])
    second = write(tmp_path / "new.csv", [said("", "account")])

    assert merged(first, second).rows == 3


def test_an_export_names_its_columns_as_the_fields_and_still_fits(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", GOLD)
    second = write(tmp_path / "export.jsonl", [{"text": "a refund", "intent": "refund"}])

    found = merged(first, second)

    assert rows(found.out)[2] == said("a refund", "refund")


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "parquet"])
@pytest.mark.parametrize("other", ["csv", "json", "jsonl", "parquet"])
def test_every_format_merges_with_every_other(tmp_path: Path, ending: str, other: str) -> None:
    first = write(tmp_path / f"gold.{ending}", GOLD)
    second = write(tmp_path / f"new.{other}", [said("Close IT", "account"), said("new", "card")])

    found = merged(first, second, f"all.{other}")

    assert [(row["message"], row["intent"]) for row in rows(found.out)] == [
        *((row["message"], row["intent"]) for row in GOLD),
        ("new", "card"),
    ]


def test_numbers_are_one_whether_they_are_text_or_not(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", [{"a": "1", "b": "", "sum": "1"}])
    second = write(tmp_path / "new.jsonl", [{"a": 1, "sum": 1}, {"a": 1, "sum": 2}])

    found = merged(first, second, spec=NUMBERS)

    assert (found.repeated, found.conflicting) == (1, 1)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.parquet", [{"a": 1, "b": 2, "sum": 3}])
    second = write(tmp_path / "new.parquet", [{"a": 2, "b": None, "sum": 2}])

    found = merged(first, second, "all.parquet", spec=NUMBERS)

    assert pq.read_table(found.out).to_pylist() == [
        {"a": 1, "b": 2, "sum": 3},
        {"a": 2, "b": None, "sum": 2},
    ]


def test_cells_that_look_like_formulas_stay_as_they_are(tmp_path: Path) -> None:
    formulas = [said(text, "card") for text in ("=1+1", "-5 degrees", "+49 30", "@home", "'=1")]
    first = write(tmp_path / "gold.csv", formulas)
    second = write(tmp_path / "new.csv", [said('a\rb,"c"\nd', "card")])

    found = merged(first, second)

    assert rows(found.out) == [*formulas, said('a\rb,"c"\nd', "card")]


def test_without_a_program_columns_say_what_is_the_same(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", GOLD)
    second = write(tmp_path / "new.csv", [said("CLOSE it", "refund"), said("new", "card")])

    found = merged(first, second, spec=None, keys=("message",), labels=("intent",))
    labelless = merged(first, second, spec=None, keys=("message",))

    assert (found.refused, found.conflicting) == (True, 1)
    assert (labelless.rows, labelless.repeated) == (3, 1)


@pytest.mark.parametrize(
    ("options", "told"),
    [({"spec": None}, "nothing says"), ({"keys": ("message",)}, "said twice")],
)
def test_a_merge_needs_one_way_to_tell_what_is_the_same(
    tmp_path: Path, options: dict[str, Any], told: str
) -> None:
    first = write(tmp_path / "gold.csv", GOLD)

    with pytest.raises(InputError, match=told):
        merged(first, first, **options)


@pytest.mark.parametrize("out", ["gold.csv", "new.csv", "link.csv"])
def test_no_input_is_written_over(tmp_path: Path, out: str) -> None:
    first, second = write(tmp_path / "gold.csv", GOLD), write(tmp_path / "new.csv", GOLD)
    (tmp_path / "link.csv").symlink_to(first)

    with pytest.raises(InputError, match="is one of the files that are merged"):
        merged(first, second, out)
    with pytest.raises(InputError, match="is one of the files that are merged"):
        merged(first, second, conflicts=tmp_path / out)

    assert rows(first) == rows(second) == GOLD


def test_a_broken_row_and_a_missing_column_are_told_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    first = write(tmp_path / "gold.csv", GOLD)
    broken = tmp_path / "broken.csv"
    broken.write_text("message,intent\na,b,c\nd\n", encoding="utf-8")
    other = write(tmp_path / "other.csv", [{"massage": "a", "intent": "card"}])

    with pytest.raises(DatasetError, match="2 rows are broken") as caught:
        merged(first, broken)
    with pytest.raises(DatasetError, match="did you mean 'massage'"):
        merged(first, other)

    assert [problem.row for problem in caught.value.problems] == [1, 2]
    assert not (tmp_path / "all.csv").exists()


def test_an_ending_that_nobody_writes_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ending '\.xlsx'"):
        merged(tmp_path / "none.csv", tmp_path / "none.csv", "all.xlsx")


def test_labels_in_the_report_are_masked(tmp_path: Path) -> None:
    first = write(tmp_path / "gold.csv", [said("who", "ann@example.org")])
    second = write(tmp_path / "new.csv", [said("who", "bob@example.org")])

    (told,) = merged(first, second).conflicts

    assert "example.org" not in str(told)


def test_memory_does_not_grow_with_the_length_of_the_rows(tmp_path: Path) -> None:
    long = "word " * 2_000
    first = write(tmp_path / "gold.csv", [said(f"{n} {long}", "card") for n in range(500)])
    second = write(tmp_path / "new.csv", [said(f"{n} {long}", "card") for n in range(250, 750)])
    tracemalloc.start()

    found = merged(first, second)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (found.rows, found.repeated) == (750, 250)
    assert most < 3_000_000 < (tmp_path / "gold.csv").stat().st_size
