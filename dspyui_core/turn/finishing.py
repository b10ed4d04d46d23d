"""Close a turn, and say what it came to."""

from __future__ import annotations

from dspyui_core.events import TURN_FINISHED
from dspyui_core.mlflow_tracking import existing_run, finish_run, log_parameters
from dspyui_core.records import (
    Decision,
    Outcome,
    Turn,
    TurnDataset,
    TurnDecision,
    TurnLM,
    TurnScores,
)
from dspyui_core.store.turns import TurnRow
from dspyui_core.turn.releasing import Concluded, Registered
from dspyui_core.turn.reporting import publish_pages
from dspyui_core.turn.reviewing import collect
from dspyui_core.turn.steps import Evaluated, Snapshot, StepCost
from dspyui_core.workspace import Workspace

__all__ = ["describe_turn", "failed_report", "finish", "nothing_new"]

OUTCOMES: dict[str, Outcome] = {
    "promote": "promoted",
    "ask": "awaiting-approval",
    "refuse": "refused",
    "inconclusive": "inconclusive",
}
# An event is a line for people; the decision page has all of it.
_TOLD, _TOLD_REASONS = 300, 5


def finish(ws: Workspace, turn_id: str, outcome: Outcome | None = None, message: str = "") -> Turn:
    """Close a turn and return its report; by default the outcome is that of its decision."""
    row = ws.turns.get(turn_id)
    if row.state == "closed":
        return Turn.model_validate(row.report)
    steps = ws.turns.steps(turn_id)
    report = describe_turn(row, steps, outcome or _outcome(steps), message or _conflict(steps))
    missing = _end_run(ws, row, report)
    if missing:
        told = (report.message, missing)
        report = report.model_copy(update={"message": "\n".join(part for part in told if part)})
    collect(ws, turn_id, report)
    closed = ws.turns.close(turn_id, report.outcome, report.model_dump(mode="json"))
    ws.launcher.emit(TURN_FINISHED, report.program, _told(report))
    return Turn.model_validate(closed.report)


def nothing_new(last: TurnRow, reason: str) -> Turn:
    """The report of looking and finding nothing to do since `last`, whose dataset still stands."""
    dataset = (last.report or {}).get("dataset")
    return Turn(
        program=last.program,
        turn=last.turn_id,
        outcome="nothing-new",
        dataset=None if dataset is None else TurnDataset.model_validate(dataset),
        message=reason,
    )


def failed_report(ws: Workspace, program: str, reason: str) -> Turn:
    """How far the open turn of a program came before an error stopped it; it stays open."""
    row = ws.turns.open_turn_of(program)
    if row is None:
        return Turn(program=program, turn=None, outcome="failed", message=reason)
    return describe_turn(row, ws.turns.steps(row.turn_id), "failed", reason)


def describe_turn(
    row: TurnRow, steps: dict[str, dict[str, object]], outcome: Outcome, message: str
) -> Turn:
    """What a turn did, from the refs of its finished steps."""
    refs = {name: content["ref"] for name, content in steps.items()}
    costs = [StepCost.model_validate(content["cost"]) for content in steps.values()]
    snapshot = Snapshot.model_validate(refs["snapshot"]) if "snapshot" in refs else None
    return Turn(
        program=row.program,
        turn=row.turn_id,
        outcome=outcome,
        dataset=None if snapshot is None else TurnDataset.of(snapshot.dataset),
        scores=_scores(refs),
        decision=_decision(refs),
        model_version=_version(refs),
        lm=_lm(costs),
        seconds=round(sum(cost.seconds for cost in costs), 3),
        message=message,
    )


def _told(report: Turn) -> dict[str, object]:
    """What is told of a turn that ended: enough to decide whether to look."""
    reasons = [report.message] if report.decision is None else list(report.decision.reasons)
    told = {"turn": report.turn, "outcome": report.outcome, "version": report.model_version}
    return {**told, "reasons": [reason[:_TOLD] for reason in reasons[:_TOLD_REASONS] if reason]}


def _outcome(steps: dict[str, dict[str, object]]) -> Outcome:
    if _conflict(steps):
        return "abandoned"
    return OUTCOMES[Decision.model_validate(steps["decide"]["ref"]).verdict]


def _conflict(steps: dict[str, dict[str, object]]) -> str:
    if "conclude" not in steps:
        return ""
    return Concluded.model_validate(steps["conclude"]["ref"]).conflict


def _scores(refs: dict[str, object]) -> TurnScores:
    if "evaluate" not in refs:
        return TurnScores()
    return TurnScores(**Evaluated.model_validate(refs["evaluate"]).scores)


def _decision(refs: dict[str, object]) -> TurnDecision | None:
    if "decide" not in refs:
        return None
    decision = Decision.model_validate(refs["decide"])
    return TurnDecision(verdict=decision.verdict, reasons=decision.reasons)


def _version(refs: dict[str, object]) -> int | None:
    if "register" not in refs:
        return None
    return Registered.model_validate(refs["register"]).version


def _lm(costs: list[StepCost]) -> TurnLM:
    prices = [cost.lm.usd for cost in costs]
    known = [price for price in prices if price is not None]
    return TurnLM(
        calls=sum(cost.lm.calls for cost in costs),
        usd=sum(known) if len(known) == len(prices) else None,
    )


def _end_run(ws: Workspace, row: TurnRow, report: Turn) -> str:
    """End the turn's run, where it has one; which of its pages are missing, and why."""
    run_id = existing_run(ws.client, ws.experiment(row.program), turn_id=row.turn_id)
    if run_id is None:
        return ""
    log_parameters(ws.client, run_id, {"outcome": report.outcome})
    missing = publish_pages(ws, run_id, row.turn_id, outcome=report.outcome, message=report.message)
    finish_run(ws.client, run_id, "KILLED" if report.outcome == "abandoned" else "FINISHED")
    return missing
