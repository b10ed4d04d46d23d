"""Steps: done once, told truly, concluded only on evidence that still holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dspy
import pytest
from sqlalchemy import Engine

from dspyui_core.datasets.reports.report import Quarantined
from dspyui_core.lms import using_lm
from dspyui_core.records import Turn, TurnDataset, TurnDecision, TurnLM, TurnScores
from dspyui_core.testing import ScriptedLM
from dspyui_core.turn import (
    Concluded,
    Registered,
    conclude,
    data_markdown,
    decide_release,
    decision_markdown,
    finish,
    score_table,
)
from dspyui_core.turn.steps import recorded, step
from integration.turn.desk import Desk, candidate, decision, evaluated, snapshot
from support.registry import Crash


@pytest.fixture
def ws(engine: Engine, tmp_path: Path) -> Any:
    return Desk(engine, tmp_path)


def test_a_step_is_done_once_and_then_read(ws: Any) -> None:
    turn_id, done = ws.opened(), []

    def do() -> Registered:
        done.append(1)
        return Registered(version=len(done))

    refs = [step(ws, turn_id, "register", Registered, do) for _ in range(3)]

    assert refs == [Registered(version=1)] * 3
    assert recorded(ws, turn_id, "register", Registered) == refs[0]


def test_a_step_that_fails_is_done_again(ws: Any) -> None:
    turn_id = ws.opened()

    def fail() -> Registered:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        step(ws, turn_id, "register", Registered, fail)

    assert step(ws, turn_id, "register", Registered, lambda: Registered(version=2)).version == 2


def test_a_step_counts_the_lm_calls_it_made(ws: Any) -> None:
    turn_id = ws.opened()

    def do() -> Registered:
        with using_lm(ScriptedLM(rule=lambda question: {"answer": "x"})):
            for _ in range(3):
                dspy.Predict("question -> answer")(question="?")
        return Registered(version=1)

    step(ws, turn_id, "register", Registered, do)

    assert ws.turns.step(turn_id, "register")["cost"]["lm"] == {"calls": 3, "usd": 0.0}


def decided(ws: Any, *, champion: int | None, **changes: Any) -> Any:
    turn_id = ws.opened()
    ws.finished(turn_id, "snapshot", snapshot(champion=champion))
    ws.finished(turn_id, "evaluate", evaluated(**changes))
    return decide_release(ws, turn_id)


def test_the_first_turn_may_release_the_baseline_and_a_later_one_may_not(ws: Any) -> None:
    first = decided(ws, champion=None, difference=-0.2)
    ws.turns.close("p-0001", "promoted")
    later = decided(ws, champion=1, difference=-0.2)

    assert (first.verdict, first.subject) == ("promote", "baseline")
    assert (later.verdict, later.subject) == ("refuse", "candidate")


def test_an_alias_moved_by_hand_makes_a_promotion_wait(ws: Any) -> None:
    ws.client.aliases["champion"] = "2"

    found = decided(ws, champion=2)

    assert found.verdict == "ask"
    assert any("moved by hand" in reason for reason in found.reasons)


def ready(ws: Any, verdict: str = "promote", version: int = 2) -> str:
    turn_id: str = ws.opened()
    ws.finished(turn_id, "snapshot", snapshot(decided=ws.releases.ledger.last("p")))
    ws.finished(turn_id, "compile", candidate())
    ws.finished(turn_id, "evaluate", evaluated())
    ws.finished(turn_id, "decide", decision(verdict))
    if verdict in ("promote", "ask"):
        ws.finished(turn_id, "register", Registered(version=version))
    return turn_id


@pytest.mark.parametrize(
    ("verdict", "champion", "challenger", "outcome"),
    [
        ("promote", 2, None, "promoted"),
        ("ask", None, 2, "awaiting-approval"),
        ("refuse", None, None, "refused"),
        ("inconclusive", None, None, "inconclusive"),
    ],
)
def test_a_decision_is_recorded_shown_and_reported(
    verdict: str, champion: int | None, challenger: int | None, outcome: str, ws: Any
) -> None:
    turn_id = ready(ws, verdict)

    concluded = conclude(ws, turn_id)
    report = finish(ws, turn_id)

    assert (ws.client.champion, ws.client.challenger) == (champion, challenger)
    assert concluded.seq == ws.releases.ledger.last("p")
    assert (report.outcome, report.message) == (outcome, "")


def test_a_turn_overtaken_by_a_person_is_abandoned_and_says_why(ws: Any) -> None:
    turn_id = ready(ws)
    ws.releases.promote("p", 3, reason="urgent", actor="ann")

    concluded = conclude(ws, turn_id)
    report = finish(ws, turn_id)

    assert (concluded.seq, ws.client.champion) == (None, 3)
    assert report.outcome == "abandoned"
    assert "somebody else decided about 'p'" in report.message


def test_a_crash_before_the_step_is_recorded_makes_no_second_decision(ws: Any) -> None:
    turn_id = ready(ws)

    def die() -> None:
        raise Crash

    ws.client.before_moving = die
    with pytest.raises(Crash):
        conclude(ws, turn_id)
    assert ws.turns.step(turn_id, "conclude") is None

    concluded = conclude(ws, turn_id)

    assert (ws.client.champion, concluded.conflict) == (2, "")
    assert len(ws.releases.ledger.history("p")) == 1


def test_a_finished_turn_tells_the_same_again(ws: Any) -> None:
    turn_id = ready(ws)
    conclude(ws, turn_id)

    report = finish(ws, turn_id)

    assert finish(ws, turn_id, "abandoned", "too late") == report
    assert ws.turns.get(turn_id).outcome == "promoted"


def test_the_report_of_a_turn_comes_from_its_steps(ws: Any) -> None:
    turn_id = ready(ws)
    ws.finished(turn_id, "conclude", Concluded(seq=1), calls=7)

    report = finish(ws, turn_id)

    assert report == Turn(
        program="p",
        turn="p-0001",
        outcome="promoted",
        dataset=TurnDataset(
            version="d", rows=10, train=5, validation=2, holdout=3, quarantined=1, parked=0
        ),
        scores=TurnScores(baseline=0.4, champion=None, candidate=0.8),
        decision=TurnDecision(verdict="promote", reasons=("because",)),
        model_version=2,
        lm=TurnLM(calls=7, usd=0.0),
        seconds=6.0,
    )


def test_one_unknown_price_makes_the_price_of_the_turn_unknown(ws: Any) -> None:
    turn_id = ws.opened()
    ws.finished(turn_id, "snapshot", snapshot(), calls=1, usd=0.5)
    ws.finished(turn_id, "compile", candidate(), calls=2, usd=None)

    report = finish(ws, turn_id, "abandoned", "its spec changed")

    assert report.lm == TurnLM(calls=3, usd=None)
    assert (report.decision, report.model_version, report.scores) == (None, None, TurnScores())


def test_a_turn_that_ended_before_its_first_step_has_a_report_too(ws: Any) -> None:
    report = finish(ws, ws.opened(), "abandoned", "its data changed")

    assert (report.dataset, report.lm, report.message) == (None, TurnLM(), "its data changed")


def test_a_person_sees_the_scores_and_every_reason(ws: Any) -> None:
    turn_id = ready(ws)

    assert score_table(ws, turn_id) == [
        {
            "program": "baseline",
            "holdout score": 0.4,
            "interval": "0.300 to 0.500",
            "failed rows": 0,
            "ms, median": "",
            "USD for 1,000": "",
        },
        {
            "program": "candidate",
            "holdout score": 0.8,
            "interval": "0.700 to 0.900",
            "failed rows": 1,
            "ms, median": "",
            "USD for 1,000": "",
        },
    ]


def test_the_verdict_comes_with_all_that_it_rests_on(ws: Any) -> None:
    told = decision_markdown(ws, ready(ws))

    assert told.splitlines() == [
        "# Promote: the candidate will serve",
        "",
        "Turn p-0001; nothing served when it began.",
        "",
        "| program | holdout score | 95% interval | failed | ms, median |",
        "|---|---|---|---|---|",
        "| baseline | 0.400 | 0.300 to 0.500 | 0 of 100 |  |",
        "| candidate | 0.800 | 0.700 to 0.900 | 1 of 100 |  |",
        "",
        "- because",
        "",
        "It took 0 LM calls, 0.0000 USD and 5 s, with 10 rows: 5 train, 2 validation, 3 holdout.",
    ]


def test_the_data_report_of_a_turn_counts_its_rows_and_says_why_some_may_not_pass(ws: Any) -> None:
    turn_id = ws.opened()
    row = Quarantined(
        row=7, column="text", reason="is empty", value="", remedy="write it", check="contract"
    )
    ws.finished(turn_id, "snapshot", snapshot(quarantined=(row,), problems="**pass**"))

    told = data_markdown(ws, turn_id).splitlines()

    assert told[0] == "# Data of p-0001: pass"
    assert told[2] == (
        "| rows | train | validation | holdout | of feedback | quarantined | parked |"
    )
    assert told[4] == "| 10 | 5 | 2 | 3 | 0 | 1 | 0 |"
    assert "| contract | text | 1 | is empty; write it |" in told
    assert told[-1] == "**pass**"
