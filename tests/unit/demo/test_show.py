"""What a person sees of the demonstration, made from records alone."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deployments.demo.show import Show
from deployments.demo.story import Changed, Chapter, Doubt, Traced
from deployments.demo.traffic import Traffic
from deployments.stack.processes import Process
from deployments.stack.state import ServiceState, Stack
from dspyui_core.comparison import compare
from dspyui_core.records import (
    CandidateRef,
    DatasetRef,
    Interval,
    ScoreCard,
    ScoreRow,
    Turn,
    TurnDataset,
    TurnDecision,
)
from dspyui_core.turn import (
    AnswerLineage,
    DemoOrigin,
    Evaluated,
    FileScore,
    ScoredAnswer,
    TurnDetails,
)

COUNTS = {"rows": 14, "train": 8, "validation": 2, "holdout": 4, "quarantined": 1, "parked": 3}


def _shown(say: Any) -> str:
    out = io.StringIO()
    say(Show(Console(file=out, width=110, highlight=False)))
    return out.getvalue()


def _card(*scores: float) -> ScoreCard:
    rows = tuple(ScoreRow(row_id=str(n), score=score) for n, score in enumerate(scores))
    return ScoreCard(
        program_digest="d", dataset_version="v", split="holdout", metric="exact_match", rows=rows
    )


def _chapter(outcome: Any = "promoted") -> Chapter:
    comparison = compare(_card(0, 0, 1, 1), _card(1, 1, 1, 1), name="champion")
    evaluated = Evaluated(
        scores={"baseline": 0.25, "candidate": 1.0, "champion": 0.5},
        failed={"baseline": 0, "candidate": 0, "champion": 0},
        comparison=comparison,
        intervals=dict.fromkeys(("baseline", "candidate", "champion"), Interval(low=0.1, high=0.6)),
    )
    turn = Turn(
        program="desk",
        turn="desk-0002",
        outcome=outcome,
        dataset=TurnDataset(version="abcdef0123456789", **COUNTS),
        decision=TurnDecision(verdict="promote", reasons=("better on [every] row", "enough")),
        model_version=2,
    )
    details = TurnDetails(
        dataset=DatasetRef(program="desk", version="abcdef0123456789", feedback_rows=6, **COUNTS),
        candidate=CandidateRef(digest="d", run_id="r", optimizer="knn_few_shot", note="8 rows"),
        evaluated=evaluated,
    )
    doubts = (Doubt({"text": "[lost] my card"}, "users disagree", "decide"),)
    return Chapter(turn, details, doubts)


def _file_score(version: int, *scores: float) -> FileScore:
    answers = tuple(
        ScoredAnswer(
            inputs={"text": f"message [{number}]"},
            labels={"intent": "card"},
            outputs={"intent": "card" if score else "cash"},
            score=score,
        )
        for number, score in enumerate(scores)
    )
    return FileScore(
        program="desk",
        version=version,
        metric="exact_match",
        rows=len(scores),
        skipped=0,
        score=sum(scores) / len(scores),
        interval=Interval(low=0.1, high=0.9),
        failed=0,
        repeats=1,
        macro_f1={},
        latency_ms=None,
        usd=0.0,
        slices=(),
        answers=answers,
    )


CHANGED = Changed(_file_score(1, 0, 0, 1, 1), _file_score(2, 1, 1, 1, 0))
CORRECTION = DemoOrigin(
    inputs={"text": "ate my card"},
    labels={"intent": "card"},
    row_id="r1",
    trust="proposed",
    trace_id="tr-0123456789abcdef",
    user_id="ana",
    answered={"intent": "cash"},
)
TRACED = Traced(
    AnswerLineage(
        trace_id="tr-ff",
        program="desk",
        inputs={"text": "message [0]"},
        outputs={"intent": "card"},
        version=2,
        turn="desk-0002",
        run_id="run",
        dataset_version="abcdef0123456789",
        demos=(
            *(
                DemoOrigin(inputs={"text": f"row {n}"}, labels={"intent": "x"}, data_row=n)
                for n in range(5)
            ),
            CORRECTION,
        ),
    ),
    CORRECTION,
)


def test_a_turn_shows_its_data_its_scores_with_intervals_and_every_reason() -> None:
    text = _shown(lambda show: show.turn(_chapter(), "Second turn"))

    assert "1  Second turn" in text
    assert "8 train, 2 validation, 4 holdout rows; 6 of them from feedback" in text
    assert "1 quarantined, 3 parked" in text
    assert "0.100 to 0.600" in text
    assert text.index("baseline") < text.index("champion  ") < text.index("candidate  ")
    assert "promoted: version 2 serves" in text
    assert "better on [every] row" in text
    assert "enough" in text


def test_what_was_quarantined_is_quoted_with_its_reason_and_remedy() -> None:
    text = _shown(lambda show: show.turn(_chapter(), "Second turn"))

    assert "quarantined “[lost] my card”: users disagree; decide" in text


@pytest.mark.parametrize("outcome", ["refused", "inconclusive"])
def test_a_turn_that_was_not_promoted_says_so_and_that_nothing_new_serves(outcome: str) -> None:
    text = _shown(lambda show: show.turn(_chapter(outcome), "Second turn"))

    assert outcome in text
    assert "serves" not in text


def test_a_turn_that_ended_early_shows_why() -> None:
    early = Turn(program="desk", turn=None, outcome="nothing-new", message="3 more are needed")

    text = _shown(lambda show: show.turn(Chapter(early, TurnDetails()), "Second turn"))

    assert "nothing-new" in text
    assert "3 more are needed" in text


def test_changed_answers_stand_side_by_side_the_worse_ones_too() -> None:
    text = _shown(lambda show: show.changed(CHANGED))

    assert "2 messages are answered right that were not before, 1 the other way round" in text
    rows = [line.split() for line in text.splitlines() if "message [" in line]
    assert [row[1].strip("”") for row in rows] == ["[0]", "[1]", "[3]"]
    assert [row[-2:] for row in rows] == [["cash", "card"], ["cash", "card"], ["card", "cash"]]


def test_a_champion_that_stayed_is_not_compared_with_itself() -> None:
    same = _file_score(1, 0, 1)

    text = _shown(lambda show: show.changed(Changed(same, same)))

    assert "version 1 still serves: 0.500" in text


def test_an_answer_leads_to_its_correction_however_far_down_the_prompt_it_is() -> None:
    text = _shown(lambda show: show.traced(TRACED))

    assert "> “ate my card”" in text
    assert "corrected from cash by ana on tr-01234567…" in text


def test_there_may_be_no_such_answer() -> None:
    assert "no answer rests on a correction" in _shown(lambda show: show.traced(None))


def test_traffic_says_who_was_silent_and_who_was_wrong() -> None:
    traffic = Traffic(
        users=60,
        silent=30,
        predictions=100,
        ratings=40,
        thumbs_up=25,
        corrections=15,
        wrong=4,
    )

    text = _shown(lambda show: show.traffic(traffic, 40))

    assert "60 users, 30 of whom never say anything" in text
    assert "25 thumbs up, 15 thumbs down, 15 with a correction; 40 rows exported" in text
    assert "4 of the ratings are wrong" in text


def test_the_end_names_commands_only_where_the_home_is_kept(tmp_path: Path) -> None:
    def closing(kept: bool) -> str:
        return _shown(
            lambda show: show.closing(tmp_path, "desk", TRACED, kept=kept, seconds=50.0)
        ).replace("\n", "")

    assert "dspyui lineage tr-ff" in closing(kept=True)
    assert "dspyui model rollback desk" in closing(kept=True)
    assert "dspyui lineage" not in closing(kept=False)
    assert "dspyui demo --keep" in closing(kept=False)


def test_the_end_names_the_addresses_of_a_stack_that_is_left_up(tmp_path: Path) -> None:
    prefect = ServiceState(
        name="Prefect", what="runs and approvals", status="up", address="http://127.0.0.1:4321"
    )
    stack = Stack(
        mark="demo",
        process=Process(pid=1, started=""),
        since=datetime(2031, 5, 1, tzinfo=UTC),
        status="up",
        services=(prefect,),
    )

    text = _shown(
        lambda show: show.closing(tmp_path, "desk", TRACED, kept=True, seconds=50.0, stack=stack)
    )

    assert "http://127.0.0.1:4321" in text
    assert "dspyui down" in text
    assert "mlflow ui" not in text
