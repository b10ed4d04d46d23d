"""`dataset.checks.extra`: every wrong name and option is told, and the checks make the spec."""

from __future__ import annotations

from typing import Any

import pytest

from dspyui_core.errors import SpecError
from dspyui_core.extensions import CHECKS
from dspyui_core.spec import ProgramSpec, parse_spec
from dspyui_core.testing import tiny_spec
from support.plugins import register


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, CHECKS, long_inputs="example_plugin.check:LongInputs")


def parsed(*extra: Any) -> ProgramSpec:
    dataset = {"sources": "rows.csv", "checks": {"extra": list(extra)}}
    return parse_spec(tiny_spec().model_dump(mode="json") | {"dataset": dataset})


def problem_of(*extra: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        parsed(*extra)
    return {problem.column: str(problem) for problem in caught.value.problems}


def test_a_name_alone_is_a_check_with_its_usual_options() -> None:
    assert parsed("long_inputs") == parsed({"name": "long_inputs", "options": {}})


def test_every_wrong_check_is_told_at_once_with_its_key_and_the_nearest_match() -> None:
    wrong = {"name": "long_inputs", "options": {"wrds": 3, "share": 2}}

    found = problem_of("long_input", wrong, "contract", "python:mine:Check", {"nam": "x"})

    assert {key: said for key, said in found.items() if "extra.4" not in key}.keys() == {
        "dataset.checks.extra.0",
        "dataset.checks.extra.1.options.wrds",
        "dataset.checks.extra.1.options.share",
        "dataset.checks.extra.2",
        "dataset.checks.extra.3",
    }
    assert "did you mean 'long_inputs'? allowed: long_inputs" in found["dataset.checks.extra.0"]
    assert "did you mean 'words'?" in found["dataset.checks.extra.1.options.wrds"]
    assert "always runs" in found["dataset.checks.extra.2"]
    assert "is no check" in found["dataset.checks.extra.3"]
    assert "did you mean 'name'?" in found["dataset.checks.extra.4.nam"]


def test_a_check_that_is_named_twice_is_refused() -> None:
    again = {"name": "long_inputs", "options": {"words": 3}}

    assert "is there twice" in problem_of("long_inputs", again)["dataset.checks.extra.1"]


@pytest.mark.parametrize("extra", ["long_inputs", {"long_inputs": {}}, 3])
def test_what_is_no_list_of_checks_names_its_key(extra: Any) -> None:
    dataset = {"sources": "rows.csv", "checks": {"extra": extra}}

    with pytest.raises(SpecError, match=r"dataset\.checks\.extra"):
        parse_spec(tiny_spec().model_dump(mode="json") | {"dataset": dataset})


def test_a_check_and_its_options_change_the_identity() -> None:
    strict = {"name": "long_inputs", "options": {"words": 3}}

    specs = [parsed(), parsed("long_inputs"), parsed(strict)]

    assert len({spec.identity() for spec in specs}) == 3
