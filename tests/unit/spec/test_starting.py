"""`schedule:` and `trigger:`: told at once where they would never start anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect._vendor.croniter import croniter

from dspyui_core.errors import SpecError
from dspyui_core.spec import ProgramSpec, parse_spec
from dspyui_core.spec.cron import cron_problem
from dspyui_core.testing import tiny_spec


def parsed(**sections: Any) -> ProgramSpec:
    return parse_spec(tiny_spec().model_dump(mode="json") | sections)


def problems_of(**sections: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        parsed(**sections)
    return {problem.column: str(problem) for problem in caught.value.problems}


def test_a_program_starts_by_itself_only_where_its_spec_says_so() -> None:
    spec = parsed()

    assert spec.schedule is None
    assert spec.trigger is None


def test_a_line_alone_is_a_cron_schedule_in_utc() -> None:
    assert parsed(schedule="0 2 * * *") == parsed(schedule={"cron": "0 2 * * *", "timezone": "UTC"})


def test_a_yes_is_a_trigger_with_its_defaults() -> None:
    trigger = parsed(trigger=True).trigger

    assert trigger is not None
    assert trigger.words == "20 pieces of feedback within 3600 s"


def test_when_a_turn_starts_is_no_part_of_what_makes_two_turns_the_same() -> None:
    started = parsed(schedule="0 2 * * *", trigger={"feedback": 3})

    assert started.identity() == parsed().identity()


def test_a_spec_with_both_comes_back_from_its_json() -> None:
    spec = parsed(schedule={"interval": 600, "timezone": "Europe/Berlin"}, trigger=True)

    assert parse_spec(spec.model_dump(mode="json")) == spec


def test_every_wrong_time_is_told_at_once_with_its_key_and_the_remedy() -> None:
    found = problems_of(
        schedule={"cron": "0 26 * * *", "timezone": "Europe/Berlim"},
        trigger={"feedback": 0, "withn": 60},
    )

    assert found.keys() == {
        "schedule.cron",
        "schedule.timezone",
        "trigger.feedback",
        "trigger.withn",
    }
    assert "'26' as its hour: write *, 0-23" in found["schedule.cron"]
    assert "did you mean 'Europe/Berlin'?" in found["schedule.timezone"]
    assert "did you mean 'within'?" in found["trigger.withn"]


@pytest.mark.parametrize("content", [{}, {"cron": "0 2 * * *", "interval": 600}])
def test_a_schedule_takes_one_of_cron_and_interval(content: dict[str, Any]) -> None:
    assert "takes one of cron and interval" in problems_of(schedule=content)["schedule"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0 2 * *", "has 4 columns and needs 5"),
        ("@daily", "has 1 columns and needs 5"),
        ("60 2 * * *", "'60' as its minute"),
        ("0 2 0 * *", "'0' as its day"),
        ("0 2 * 13 *", "'13' as its month"),
        ("0 2 * * 8", "'8' as its weekday"),
        ("5-1 * * * *", "'5-1' as its minute"),
        ("*/0 * * * *", "'*/0' as its minute"),
        ("*-5 * * * *", "'*-5' as its minute"),
        ("0 two * * *", "'two' as its hour"),
        ("0 2 31 2 *", "names a day that no month of it has"),
        ("0 2 30 feb *", "names a day that no month of it has"),
    ],
)
def test_a_cron_line_that_would_never_run_is_told(line: str, told: str) -> None:
    assert told in cron_problem(line)


@pytest.mark.parametrize(
    "line",
    [
        "0 2 * * *",
        "*/10 * * * *",
        "0 4 * * MON",
        "15,45 8-18/2 1,15 jan-jun 1-5",
        "0 2 29 2 *",
        "0 2 31 2,3 *",
        "0 2 30 2 7",
    ],
)
def test_a_cron_line_that_runs_is_taken(line: str) -> None:
    assert cron_problem(line) == ""


WORD = st.from_regex(r"(\*|[0-9]{1,2})(-[0-9]{1,2})?(/[0-9])?", fullmatch=True)


@settings(max_examples=300)
@given(st.lists(st.one_of(st.just("*"), WORD), min_size=5, max_size=5))
def test_a_line_that_is_taken_is_one_that_prefect_takes(words: list[str]) -> None:
    line = " ".join(words)

    assert cron_problem(line) or croniter.is_valid(line)
