"""Doubted labels in the inbox: a reviewer keeps or corrects them, and is asked once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dspyui_core.datasets import DatasetReport
from dspyui_core.datasets.reports.report import Doubted
from dspyui_core.errors import InputError
from dspyui_core.review import ReviewItem
from dspyui_core.turn import accept_item, reject_item
from dspyui_core.turn.reviewing import plan_accept, plan_reject
from integration.review.test_reviewing import Bench

OWN = Doubted(
    row=4, column="topic", value="billing", suggestion="account", score=0.1, source="rows.csv"
)
SAID = Doubted(
    row=None,
    column="topic",
    value="billing",
    suggestion="account",
    score=0.2,
    source="feedback",
    trace_id="t1",
)


@pytest.fixture
def ws(engine: Engine, tmp_path: Path) -> Any:
    return Bench(engine, tmp_path)


def doubted(ws: Any, *doubts: Doubted) -> list[ReviewItem]:
    """The items after a turn that doubts these labels."""
    report = DatasetReport(
        verdict="warn",
        rows=9,
        accepted=9,
        quarantined=(),
        checks=(),
        left_out=0,
        parked=0,
        seconds=0.0,
        doubts=doubts,
    )
    ws.ends("refuse", version=None, report=report)
    return list(ws.open_ones("row"))


def test_a_doubted_label_becomes_an_item_that_says_what_is_likely(ws: Any) -> None:
    ws.predicts("t1", "where is it")
    ws.corrects_as("ann", "t1", "billing")

    own, said = doubted(ws, OWN, SAID)

    (problem,) = own.content["problems"]
    assert (own.content["row"], problem["value"], problem["check"]) == (4, "billing", "label_noise")
    assert "'account'" in problem["remedy"]
    assert said.content["inputs"] == {"text": "where is it"}


def test_users_words_are_kept_or_corrected_by_a_reviewers_word(ws: Any) -> None:
    ws.predicts("t1", "where is it")
    ws.corrects_as("ann", "t1", "billing")
    (item,) = doubted(ws, SAID)

    assert plan_accept(ws, item.seq).answer == {"topic": "billing"}
    accept_item(ws, item.seq, labels={"topic": "account"}, actor="lee")

    *_, newest = ws.journal.since(0, program="p")
    assert newest.payload["corrected_output"] == {"topic": "account"}
    assert newest.payload["review"] is True


def test_a_label_of_a_file_is_kept_and_nobody_is_asked_about_it_again(ws: Any) -> None:
    (item,) = doubted(ws, OWN)
    before = ws.journal.last_position("p")

    assert "its label stays" in plan_accept(ws, item.seq).does
    kept = accept_item(ws, item.seq, actor="lee")

    assert (kept.state, kept.answer) == ("accepted", None)
    assert ws.journal.last_position("p") == before
    assert doubted(ws, OWN.model_copy(update={"score": 0.3, "suggestion": "delivery"})) == []


def test_a_label_of_a_file_is_corrected_in_the_file(ws: Any) -> None:
    (item,) = doubted(ws, OWN)

    with pytest.raises(InputError, match="a file of yours is never written"):
        accept_item(ws, item.seq, labels={"topic": "account"}, actor="lee")


def test_rejecting_a_doubt_leaves_the_row_as_it_is(ws: Any) -> None:
    (item,) = doubted(ws, OWN)

    assert "its label stays" in plan_reject(ws, item.seq).does
    assert reject_item(ws, item.seq, reason="it is right", actor="lee").state == "rejected"


def test_a_doubt_that_is_gone_is_withdrawn(ws: Any) -> None:
    doubted(ws, OWN)

    assert doubted(ws) == []
