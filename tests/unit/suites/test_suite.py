"""A suite's file: Great Expectations' JSON, refused with the key, the value and what was meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.datasets.suites.default import default_suite
from dspyui_core.datasets.suites.profile import columns_of
from dspyui_core.datasets.suites.suite import Suite, read_suite, suite_file, write_suite
from dspyui_core.errors import DatasetError
from dspyui_core.spec import CheckSpec

MOST = "expect_column_max_to_be_between"


def written(folder: Path, *expectations: Any) -> Path:
    path = folder / "desk.json"
    path.write_text(json.dumps({"name": "desk", "expectations": expectations}))
    return path


def refused(path: Path) -> list[str]:
    with pytest.raises(DatasetError) as caught:
        read_suite(path, columns_of())
    return [str(problem) for problem in caught.value.problems]


def most(column: str = "leakage", **kwargs: Any) -> dict[str, Any]:
    return {"type": MOST, "kwargs": {"column": column, **kwargs}}


def test_the_default_suite_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    suite, path = default_suite("desk", CheckSpec()), suite_file(tmp_path, "desk")

    write_suite(path, suite, force=False)

    assert path == tmp_path / "expectations" / "desk.json"
    assert read_suite(path, columns_of()) == suite


def test_a_program_without_a_file_has_no_suite(tmp_path: Path) -> None:
    assert read_suite(tmp_path / "desk.json", columns_of()) is None


def test_a_file_is_not_written_over_unless_forced(tmp_path: Path) -> None:
    path, suite = written(tmp_path, most(max_value=1)), default_suite("desk", CheckSpec())

    with pytest.raises(DatasetError, match="is there already"):
        write_suite(path, suite, force=False)
    assert len(json.loads(path.read_text())["expectations"]) == 1
    write_suite(path, suite, force=True)

    assert read_suite(path, columns_of()) == suite


def test_what_is_not_said_blocks(tmp_path: Path) -> None:
    suite = read_suite(written(tmp_path, most(max_value=0)), columns_of())

    assert suite is not None
    assert [one.severity for one in suite.expectations] == ["critical"]


def test_every_wrong_key_is_named_at_once_with_what_was_meant(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        most("leakage_shar", max_value=0.1),
        most(maxvalue=0.1),
        {"type": "expect_column_max_to_be", "kwargs": {"column": "rows", "max_value": 1}},
        most(min_value=2, max_value=1),
        most(max_value="many"),
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "rows"}},
    )

    told = refused(path)

    assert len(told) == 7
    assert "expectations.0.kwargs.column" in told[0] and "did you mean 'leakage_share'" in told[0]
    assert "expectations.1.kwargs.maxvalue" in told[1] and "did you mean 'max_value'" in told[1]
    assert told[2].startswith("expectations.1.kwargs: has no limit")
    assert f"did you mean '{MOST}'" in told[3]
    assert told[4].startswith("expectations.3.kwargs.min_value: is above max_value")
    assert told[5].startswith("expectations.4.kwargs.max_value: is no number (found 'many')")
    assert told[6].startswith("expectations.5.kwargs.value_set: is no list of numbers")


def test_an_expectation_that_would_stop_the_whole_suite_is_refused(tmp_path: Path) -> None:
    name = "expect_column_quantile_values_to_be_between"

    (told,) = refused(written(tmp_path, {"type": name, "kwargs": {"column": "rows"}}))

    assert "is no expectation that judges a profile" in told


def test_an_unknown_key_and_an_unknown_severity_are_refused(tmp_path: Path) -> None:
    told = refused(written(tmp_path, {**most(max_value=1), "severety": "fatal"}))

    assert "expectations.0.severety" in told[0] and "did you mean 'severity'" in told[0]
    assert "severity" in refused(written(tmp_path, {**most(max_value=1), "severity": "fatal"}))[0]


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "desk", "expectations": []}'])
def test_a_file_that_is_no_suite_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "desk.json"
    path.write_text(text)

    with pytest.raises(DatasetError, match="suite"):
        read_suite(path, columns_of())


def test_layout_and_notes_do_not_change_what_a_suite_is() -> None:
    suite = default_suite("desk", CheckSpec())
    noted = suite.model_copy(update={"notes": "ours", "name": "other"})
    looser = default_suite("desk", CheckSpec(minimum_train=11))

    assert suite.identity == noted.identity != looser.identity


def test_an_expectation_says_what_it_wants() -> None:
    suite = Suite.model_validate(
        {
            "name": "desk",
            "expectations": [
                most(min_value=2, max_value=5),
                most(max_value=5, strict_max=True),
                {
                    "type": "expect_column_values_to_not_be_in_set",
                    "kwargs": {"column": "rows", "value_set": [0, 1]},
                },
                {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "growth"}},
                {
                    "type": "expect_column_pair_values_a_to_be_greater_than_b",
                    "kwargs": {"column_A": "train", "column_B": "holdout"},
                },
            ],
        }
    )

    assert [one.expected for one in suite.expectations] == [
        "at least 2 and at most 5",
        "less than 5",
        "none of 0, 1",
        "measured",
        "more than holdout",
    ]
