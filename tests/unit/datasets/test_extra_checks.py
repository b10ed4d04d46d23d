"""The gate's own checks and those that a spec adds: which run, in which order, and what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dspyui_core.datasets import DatasetReport, check_dataset
from dspyui_core.errors import SpecError
from dspyui_core.extensions import CHECKS
from dspyui_core.spec import GATE_CHECKS
from support.plugins import register
from unit.datasets.helpers import SMALL, make_spec, topics, write_csv


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, CHECKS, long_inputs="example_plugin.check:LongInputs")


def checked(folder: Path, *extra: Any) -> DatasetReport:
    path = write_csv(folder / "rows.csv", topics(40))
    return check_dataset(make_spec(str(path), checks={**SMALL, "extra": list(extra)}))


def test_an_extra_check_comes_after_the_gates_own_with_its_options(tmp_path: Path) -> None:
    report = checked(tmp_path, {"name": "long_inputs", "options": {"words": 3}})

    assert [check.name for check in report.checks] == [*GATE_CHECKS, "long_inputs"]
    assert report.verdict == "warn"
    assert report.to_json()["checks"][-1] == {
        "name": "long_inputs",
        "severity": "warn",
        "count": 40,
        "rows": list(range(1, 41)),
        "message": "40 of 40 rows have over 3 words: shorten them, or raise the option words",
    }


def test_an_extra_check_that_finds_nothing_is_listed_as_passed(tmp_path: Path) -> None:
    report = checked(tmp_path, "long_inputs")

    assert (report.verdict, report.checks[-1].name) == ("pass", "long_inputs")


def test_an_extra_check_can_block(tmp_path: Path) -> None:
    options = {"words": 3, "severity": "block"}

    assert checked(tmp_path, {"name": "long_inputs", "options": options}).blocked


def test_an_installed_check_that_no_spec_names_does_not_run(tmp_path: Path) -> None:
    assert [check.name for check in checked(tmp_path).checks] == list(GATE_CHECKS)


def test_a_check_that_is_no_longer_installed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no check named 'short_inputs'"):
        checked(tmp_path, "short_inputs")


def test_every_check_of_the_gate_reports_under_the_name_it_is_registered_by() -> None:
    assert {name: CHECKS.get(name).name for name in GATE_CHECKS} == {n: n for n in GATE_CHECKS}
