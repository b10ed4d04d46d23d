from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dspyui_core.errors import FeedbackError
from dspyui_core.files import write_pieces
from dspyui_core.review import ReviewItem, read_sheet, sheet_lines

AT = datetime(2025, 1, 1, tzinfo=UTC)


def item(seq: int, text: Any, **content: Any) -> ReviewItem:
    told = {"trace_id": f"t{seq}", "inputs": {"text": text}, **content}
    return ReviewItem(
        seq=seq, program="p", kind="sample", key=str(seq), state="open", content=told, opened_at=AT
    )


def written(folder: Path, *items: ReviewItem, **options: Any) -> Path:
    path = folder / "sheet.csv"
    write_pieces(sheet_lines(items, ["intent"], **options), path)
    return path


def fill(path: Path, *labels: str, column: str = "label.intent") -> Path:
    """Fill in a column as a spreadsheet would."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row, label in zip(rows, labels, strict=True):
        row[column] = label
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_sheet_shows_inputs_and_blank_labels_and_no_answer(tmp_path: Path) -> None:
    path = written(tmp_path, item(3, "hello"))

    assert path.read_text().splitlines() == [
        "item,input.text,label.intent,comment",
        "3,hello,,",
    ]


def test_answers_stand_in_it_where_they_are_wanted(tmp_path: Path) -> None:
    path = written(tmp_path, item(3, "hello"), answers={"t3": {"intent": "greet"}})

    assert path.read_text().splitlines()[1] == "3,hello,greet,,"


def test_a_formula_is_disarmed_on_its_way_out_and_armed_on_its_way_in(tmp_path: Path) -> None:
    formula = item(1, "=1+1")
    path = written(tmp_path, formula)
    assert "'=1+1" in path.read_text()

    (filled,) = read_sheet(fill(path, "'=yes"), ["intent"])

    assert filled.labels == {"intent": "=yes"}
    assert not filled.misplaced(formula)


@example("one\rtwo")
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_input_comes_back_as_the_input_of_its_item(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    sample = item(1, text)
    path = written(tmp_path_factory.mktemp("sheet"), sample)

    (filled,) = read_sheet(path, ["intent"])

    assert not filled.misplaced(sample)


def test_a_row_that_lost_its_number_is_found(tmp_path: Path) -> None:
    path = fill(written(tmp_path, item(1, "hello"), item(2, "bye")), "2", "1", column="item")

    rows = read_sheet(path, ["intent"])

    assert [str(p) for p in rows[0].misplaced(item(2, "bye"))] == [
        "row 1, input.text: is not that input of item 2 (found 'hello'); "
        "leave what identifies a row as it was exported"
    ]


def test_a_row_without_labels_is_still_to_do(tmp_path: Path) -> None:
    rows = read_sheet(fill(written(tmp_path, item(1, "a"), item(2, "b")), " ", "x"), ["intent"])

    assert [row.labels for row in rows] == [{}, {"intent": "x"}]


def test_every_problem_of_a_sheet_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("item,label.intent\none,a\n2,b\n2,c\n")

    with pytest.raises(FeedbackError) as caught:
        read_sheet(path, ["intent"])

    assert [(p.row, p.column, p.reason) for p in caught.value.problems] == [
        (1, "item", "is no number"),
        (3, "item", "is that of row 2, too"),
    ]
    assert "2 problems; nothing was recorded" in str(caught.value)


def test_a_column_that_is_none_of_a_sheet_names_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("item,label.intnet\n1,a\n")

    with pytest.raises(FeedbackError, match=r"label\.intnet: .*label\.intent"):
        read_sheet(path, ["intent"])


def test_a_file_that_is_no_sheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("text,intent\nhello,a\n")

    with pytest.raises(FeedbackError, match="item: is no column of the file"):
        read_sheet(path, ["intent"])
