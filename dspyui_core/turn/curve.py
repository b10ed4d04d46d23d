"""The learning curve: every decided turn of a program, from what its steps left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dspyui_core.pages import LearningCurve, TurnPoint
from dspyui_core.records import Decision, Outcome
from dspyui_core.store.turns import TurnRow
from dspyui_core.turn.steps import Evaluated, Snapshot
from dspyui_core.workspace import Workspace

__all__ = ["learning_curve"]

# A program with a turn each hour gets there in six weeks, and its page is still readable.
MOST_TURNS = 1_000


def learning_curve(
    ws: Workspace, program: str, *, ending: Mapping[str, Outcome] | None = None
) -> LearningCurve:
    """A program's decided turns, the oldest first, at most the newest 1,000.

    `ending` names what open turns are about to end with.
    """
    return LearningCurve(program=program, turns=tuple(_points(ws, program, ending or {})))


def _points(ws: Workspace, program: str, ending: Mapping[str, Outcome]) -> Iterator[TurnPoint]:
    for row in reversed(ws.turns.history(program, limit=MOST_TURNS)):
        steps = ws.turns.steps(row.turn_id)
        if "decide" in steps:
            refs = {name: content["ref"] for name, content in steps.items()}
            yield _point(row, refs, row.outcome or ending.get(row.turn_id))


def _point(row: TurnRow, refs: Mapping[str, Any], outcome: str | None) -> TurnPoint:
    dataset = Snapshot.model_validate(refs["snapshot"]).dataset
    evaluated = Evaluated.model_validate(refs["evaluate"])
    decision = Decision.model_validate(refs["decide"])
    found, ends = evaluated.comparison, evaluated.intervals
    return TurnPoint.model_validate(
        {
            "number": row.number,
            "turn": row.turn_id,
            "outcome": outcome,
            "verdict": decision.verdict,
            "subject": decision.subject,
            "opponent": found.opponent,
            "opponent_score": found.opponent_score,
            "opponent_interval": ends.get(found.opponent),
            "candidate_score": found.candidate_score,
            "candidate_interval": ends.get("candidate"),
            "holdout": dataset.holdout,
            "feedback_rows": dataset.feedback_rows,
            "epoch": decision.evidence.get("look", {}).get("epoch", 1),
            "opened_at": row.opened_at,
        }
    )
