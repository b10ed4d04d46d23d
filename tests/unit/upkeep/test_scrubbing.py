"""What the reports of turns quote is taken out, and the rest of them stays word for word."""

from __future__ import annotations

from typing import Any

from dspyui_core.upkeep.scrubbing import Marks

TEXT = "where is my\n  parcel | 4711"
PROBLEMS = """**warn**: 9 of 11 rows accepted

| check | severity | count | |
|---|---|---|---|
| contract | warn | 1 | 1 row |

| row | column | reason | value | remedy |
|---|---|---|---|---|
| | intent | users disagree (trace tr-1) | refund | decide |
| 3 | text | nearly repeats | where is my parcel \\| 4711 | remove it |
| 4 | text | is empty | | fill it |"""


def _row(**changes: Any) -> dict[str, Any]:
    row = {"row": 4, "column": "text", "reason": "is empty", "value": None, "remedy": "fill it"}
    return row | changes


def _step(**content: Any) -> dict[str, Any]:
    return {"ref": {"dataset": {"quarantined": 2}, **content}, "cost": {"seconds": 1.0}}


def test_lines_about_a_trace_or_a_text_go() -> None:
    marks = Marks(frozenset({"tr-1"}), frozenset({TEXT}))

    told = marks.scrub(_step(problems=PROBLEMS))["ref"]["problems"].split("\n")

    assert len(told) == len(PROBLEMS.split("\n"))
    assert told[-3:] == ["| | | (forgotten) | | |"] * 2 + ["| 4 | text | is empty | | fill it |"]
    assert told[:-3] == PROBLEMS.split("\n")[:-3]


def test_a_quarantined_row_keeps_its_place_and_loses_its_words() -> None:
    rows = [_row(), _row(reason="users disagree (trace tr-1)", value="refund", row=None)]

    kept = Marks(frozenset({"tr-1"}), frozenset()).scrub(_step(quarantined=rows))

    gone = _row(row=None, reason="(forgotten)", value=None, remedy="")
    assert kept["ref"]["quarantined"] == [_row(), gone]


def test_a_long_text_is_recognised_although_the_report_shortens_it() -> None:
    long = "my account " * 40
    rows = [_row(value=long[:199] + "…")]

    kept = Marks(frozenset(), frozenset({long})).scrub(_step(quarantined=rows))

    assert kept["ref"]["quarantined"][0]["value"] is None


def test_the_message_of_a_blocked_turn_is_scrubbed_as_well() -> None:
    report = {"outcome": "blocked", "dataset": {"quarantined": 1}, "message": PROBLEMS}

    kept = Marks(frozenset({"tr-1"}), frozenset()).scrub(report)

    assert "tr-1" not in kept["message"]
    assert kept["dataset"] == report["dataset"]


def test_what_quotes_nothing_stays_as_it_is() -> None:
    step = _step(problems=PROBLEMS, quarantined=[_row()], spec={"name": "tr-1"})

    assert Marks(frozenset({"tr-2"}), frozenset({"another text"})).scrub(step) == step
    assert Marks(frozenset({"tr-1"}), frozenset()).scrub(step)["ref"]["spec"] == {"name": "tr-1"}
