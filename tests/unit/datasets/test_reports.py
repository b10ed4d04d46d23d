"""Reports: personal data never shows, and a page gets its rows by reason, its labels by size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dspyui_core.datasets import DatasetReport, check_dataset
from dspyui_core.datasets.reports.masking import cell, masked, plain, uncelled
from dspyui_core.datasets.reports.paged import LISTED, classes_of, for_page, lengths_of
from dspyui_core.datasets.shape import LENGTH_EDGES, Shape
from dspyui_core.pages import DataReport, data_page
from unit.datasets.helpers import make_spec, topics, write_csv

MAIL = "jane.doe@example.org"


def checked(path: Path, rows: list[dict[str, Any]], **dataset: Any) -> DatasetReport:
    return check_dataset(make_spec(str(write_csv(path / "r.csv", rows)), **dataset))


def paged(report: DatasetReport, **options: Any) -> DataReport:
    return for_page(report, program="p", about="r.csv", **options)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (f"write to {MAIL}", "write to [e-mail]"),
        (4111111111111111, "[card]"),
        ([MAIL], '["[e-mail]"]'),
        (12, 12),
        (0.5, 0.5),
        (True, True),
        (None, None),
        (float("nan"), "nan"),
        ("\ud800", "?"),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_a_value_is_shown_masked_short_and_as_json_can_hold_it(value: Any, shown: Any) -> None:
    assert plain(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a | b\nc", "a \\| b c"),
        ("![x](http://example.com/x.png)", "![x]\\(http://example.com/x.png)"),
        ("<img src=x>", "\\<img src=x>"),
        ("\\<b>", "\\\\\\<b>"),
        (None, ""),
    ],
)
def test_a_cell_is_no_markup_and_comes_back_as_it_was(value: Any, shown: str) -> None:
    assert cell(value) == shown
    assert uncelled(shown) == " ".join(str("" if value is None else value).split())


def test_a_find_that_is_cut_off_is_masked_before_it_is_cut() -> None:
    assert MAIL[:5] not in masked("x" * 190 + f" {MAIL}")


def test_no_value_reason_or_message_shows_personal_data(tmp_path: Path) -> None:
    rows = [*topics(40), *({"text": MAIL, "intent": intent} for intent in ("refund", "cancel"))]
    rows += [{"text": "one of a kind", "intent": MAIL}]

    report = checked(tmp_path, rows)

    assert report.held_back == 2
    assert "[e-mail]" in {row.value for row in report.quarantined} | {
        label.label for field in paged(report).classes for label in field.classes
    }
    told = report.model_dump_json(exclude={"shape"}) + data_page(paged(report)) + report.markdown()
    assert "jane" not in told


def test_a_page_has_the_rows_of_each_reason_and_how_many_there_are(tmp_path: Path) -> None:
    blank = [{"text": "", "intent": "refund"}] * (LISTED + 5)
    twice = [{"text": "the same", "intent": intent} for intent in ("refund", "cancel")]

    report = paged(checked(tmp_path, [*topics(40), *blank, *twice]))

    held = {group.check: (group.count, len(group.rows)) for group in report.held}
    assert held == {"contract": (LISTED + 5, LISTED), "label_conflicts": (2, 2)}
    assert report.quarantined == LISTED + 7
    assert report.held[0].rows[0].place == "row 41"


def test_a_leaking_row_names_what_it_repeats_and_shows_none_of_it(tmp_path: Path) -> None:
    rows = topics(40)
    train = write_csv(tmp_path / "train.csv", rows[:30])
    copy = {**rows[35], "text": rows[35]["text"] + "!"}
    leaking = write_csv(tmp_path / "more.csv", [copy])
    test = write_csv(tmp_path / "test.csv", rows[30:])
    spec = make_spec(
        {"path": str(train), "split": "train"},
        {"path": str(leaking), "split": "train"},
        {"path": str(test), "split": "holdout"},
        shares={"train": 0.8, "validation": 0.2, "holdout": 0},
    )

    report = check_dataset(spec)

    (found,) = [row for row in report.quarantined if row.check == "leakage"]
    assert found.repeats == ("row 6 of test.csv (holdout)",)
    assert "repeats" not in report.to_json()["quarantined"][0]
    (leak,) = paged(report).leaks
    assert leak.reason == "nearly repeats row 6 of test.csv (holdout)"


def test_labels_are_told_the_largest_first_and_with_what_they_had() -> None:
    now, before = shape({"a": 3, "b": 9}), shape({"a": 5, "c": 2})

    (field,) = classes_of(now, before)

    assert [(c.label, c.rows, c.before) for c in field.classes] == [
        ("b", 9, 0),
        ("a", 3, 5),
        ("c", 0, 2),
    ]


def test_every_bin_of_lengths_has_its_lower_end() -> None:
    (field,) = lengths_of(shape({}), None)

    assert len(field.edges) == len(field.counts)
    assert (field.edges[0], field.before) == (0.0, None)


def shape(classes: dict[str, int]) -> Shape:
    return Shape(
        rows=sum(classes.values()),
        classes={"intent": classes},
        lengths={"text": (1,) * (len(LENGTH_EDGES) + 1)},
        quarantined={},
        near_duplicates=0,
    )
