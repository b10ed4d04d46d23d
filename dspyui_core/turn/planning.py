"""What the next turn of a program would do, found out without doing any of it."""

from __future__ import annotations

from typing import Any, Literal

from dspyui_core.datasets import Settled, usable_new_rows
from dspyui_core.promotion import Ledger
from dspyui_core.records import Record, TurnDataset
from dspyui_core.spec import ProgramSpec
from dspyui_core.turn.checking import preview_data
from dspyui_core.turn.opening import Fresh, Resumes, TurnRequest, look, request_spec
from dspyui_core.turn.steps import Progress, Snapshot, recorded, silent
from dspyui_core.workspace import Workspace

__all__ = ["TurnPlan", "plan_turn"]

Action = Literal["resume", "open", "blocked", "nothing-new"]
STEPS = ("snapshot", "compile", "evaluate", "decide", "register", "conclude")


class TurnPlan(Record):
    """What the next turn of a program would do.

    `turn` is the turn that would be resumed, or the last one where nothing is new; `abandons` an
    open turn that would be closed first; `steps` what would be done (register and conclude as the
    verdict says). `new_feedback` counts usable feedback rows since the last turn, None where the
    turn has its inputs already. `champion` is what the ledger lets serve; `reason` says why there
    is nothing to do, or what blocks it.
    """

    program: str
    action: Action
    turn: str | None
    abandons: str | None = None
    steps: tuple[str, ...]
    dataset: TurnDataset
    new_feedback: int | None = None
    minimum_feedback: int
    champion: int | None
    lm: str
    optimizer: str
    reason: str = ""


def plan_turn(
    ws: Workspace, request: TurnRequest, *, upto: str = "conclude", on_progress: Progress = silent
) -> TurnPlan:
    """Look where a turn that goes as far as step `upto` would begin; no state is changed.

    Raises SpecError and DatasetError as the turn itself would.
    """
    seen = look(ws, request, on_progress=on_progress)
    if isinstance(seen, Resumes):
        return _resuming(ws, seen, request_spec(request), upto)
    return _anew(ws, seen, upto)


def _resuming(ws: Workspace, seen: Resumes, spec: ProgramSpec, upto: str) -> TurnPlan:
    row, done = seen.row, ws.turns.steps(seen.row.turn_id)
    if seen.fold is not None:
        settled = preview_data(ws, seen.fold)
        dataset, blocks = settled.ref, _what_blocks(settled)
    else:
        snapshot = recorded(ws, row.turn_id, "snapshot", Snapshot)
        blocks = snapshot.problems if snapshot.verdict == "blocked" else ""
        dataset = snapshot.dataset
    return TurnPlan(
        **_standing(ws, spec),
        action="blocked" if blocks else "resume",
        turn=row.turn_id,
        steps=() if blocks else tuple(name for name in _upto(upto) if name not in done),
        dataset=TurnDataset.of(dataset),
        reason=blocks,
    )


def _anew(ws: Workspace, seen: Fresh, upto: str) -> TurnPlan:
    settled = preview_data(ws, seen.fold)
    since = 0 if seen.last is None else seen.last.feedback_upto
    blocks = "" if seen.idle else _what_blocks(settled)
    action: Action = "nothing-new" if seen.idle else "blocked" if blocks else "open"
    return TurnPlan(
        **_standing(ws, seen.spec),
        action=action,
        turn=seen.last.turn_id if seen.last is not None and seen.idle else None,
        abandons=None if seen.abandons is None else seen.abandons.turn_id,
        steps=_upto(upto) if action == "open" else (),
        dataset=TurnDataset.of(settled.ref),
        new_feedback=usable_new_rows(seen.fold, ws.engine, since, derived=ws.derived),
        reason=seen.idle or blocks,
    )


def _standing(ws: Workspace, spec: ProgramSpec) -> dict[str, Any]:
    """The part of a plan that the data has no say in."""
    # The ledger alone: asking MLflow would make its database where there is none yet.
    decided = Ledger(ws.engine).champion(spec.name)
    return {
        "program": spec.name,
        "minimum_feedback": spec.feedback.minimum,
        "champion": None if decided is None else decided.version,
        "lm": spec.lm.name,
        "optimizer": spec.optimizer.name,
    }


def _what_blocks(settled: Settled) -> str:
    return settled.report.markdown() if settled.report.blocked else ""


def _upto(last: str) -> tuple[str, ...]:
    return STEPS[: STEPS.index(last) + 1]
