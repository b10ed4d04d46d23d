"""Reporting: what a turn's decision rests on and how turns went, as records and as pages."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from mlflow.exceptions import MlflowException

from dspyui_core.errors import InputError, TurnNotFoundError
from dspyui_core.mlflow_tracking import CURVE_PAGE, DECISION_PAGE, read_evaluation_table
from dspyui_core.pages import (
    ChangedAnswer,
    DecisionReport,
    FailureCount,
    ReplayCounts,
    ScoredProgram,
    TurnFacts,
    Wear,
    curve_page,
    decision_page,
)
from dspyui_core.records import CandidateRef, Decision, Look, Outcome
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.turns import TurnRow
from dspyui_core.turn.curve import learning_curve
from dspyui_core.turn.evaluating import EVALUATION_TABLE
from dspyui_core.turn.releasing import Registered
from dspyui_core.turn.steps import Evaluated, Snapshot
from dspyui_core.workspace import Workspace

__all__ = ["decision_report", "last_decided", "publish_pages"]

# As many as a person reads; the whole table is in the run.
MOST_CHANGED = 50
MOST_FAILURES = 20
# Scores closer than this are the same.
SAME = 1e-12
_ORDER = {"lost": 0, "won": 1, "same": 2}
_SEARCHED = 1_000
_LOG = logging.getLogger("dspyui")

Cells = Mapping[str, Any]
Refs = Mapping[str, Any]


def decision_report(
    ws: Workspace, turn_id: str, *, outcome: Outcome | None = None, message: str = ""
) -> DecisionReport:
    """All that a turn's decision rests on; `outcome` is what an open turn is about to end with.

    Raises TurnNotFoundError, and InputError for a turn that has decided nothing.
    """
    row = ws.turns.get(turn_id)
    refs = {name: content["ref"] for name, content in ws.turns.steps(turn_id).items()}
    if "decide" not in refs:
        raise InputError(
            f"turn {turn_id!r} has decided nothing: it is {row.outcome or 'open'}",
            hint="take a turn that came to a decision from: dspyui program curve NAME",
        )
    snapshot = Snapshot.model_validate(refs["snapshot"])
    candidate = CandidateRef.model_validate(refs["compile"])
    evaluated = Evaluated.model_validate(refs["evaluate"])
    decision = Decision.model_validate(refs["decide"])
    table = read_evaluation_table(ws.client, candidate.run_id, EVALUATION_TABLE)
    changed = _changed(table, evaluated.comparison.opponent, snapshot.spec)
    return DecisionReport(
        program=row.program,
        turn=turn_id,
        outcome=row.outcome or outcome,
        message=(row.report or {}).get("message", message),
        verdict=decision.verdict,
        subject=decision.subject,
        reasons=decision.reasons,
        minimum_effect=snapshot.spec.promotion.minimum_effect,
        comparison=evaluated.comparison,
        wear=_wear(ws, snapshot.spec, decision),
        scores=_scores(evaluated),
        slices=evaluated.slices,
        replay=_replay(evaluated),
        changed=changed[:MOST_CHANGED],
        changed_rows=len(changed),
        failures=_failures(table),
        facts=_facts(row, snapshot, candidate, refs),
    )


def last_decided(ws: Workspace, program: str) -> str:
    """The id of a program's newest turn with a decision. Raises TurnNotFoundError without one."""
    for row in ws.turns.history(program, limit=_SEARCHED):
        if ws.turns.step(row.turn_id, "decide") is not None:
            return row.turn_id
    raise TurnNotFoundError(
        program,
        message=f"no turn of {program!r} has decided anything",
        hint="take one with: dspyui run data-flywheel --program FILE",
    )


def publish_pages(
    ws: Workspace, run_id: str, turn_id: str, *, outcome: Outcome, message: str = ""
) -> str:
    """Log the decision page and the learning curve in a turn's run, where it decided anything.

    Returns which page could not be made, why, and what makes it later: it keeps no turn open.
    Raises MlflowException where MLflow is away, as all that a turn writes there.
    """
    if ws.turns.step(turn_id, "decide") is None:
        return ""
    program = ws.turns.get(turn_id).program

    def decision() -> str:
        return decision_page(decision_report(ws, turn_id, outcome=outcome, message=message))

    def curve() -> str:
        return curve_page(learning_curve(ws, program, ending={turn_id: outcome}))

    missing = (
        _missing(ws, run_id, DECISION_PAGE, decision, f"report {program} --turn {turn_id}"),
        _missing(ws, run_id, CURVE_PAGE, curve, f"curve {program}"),
    )
    return "\n".join(told for told in missing if told)


def _missing(ws: Workspace, run_id: str, page: str, make: Callable[[], str], command: str) -> str:
    """Log a page; why it is missing, or nothing."""
    try:
        ws.client.log_text(run_id, make(), page)
    except MlflowException:
        # The turn stays open, and the same command goes on when MLflow answers again.
        raise
    except Exception as error:  # noqa: BLE001 - the edge that lets a turn close without its page
        why = next(iter(str(error).splitlines()), "")
        told = (
            f"{page} is not in the MLflow run: {type(error).__name__}: {why}; later: "
            f"dspyui program {command} --out {page}"
        )
        _LOG.warning("%s", told)
        _LOG.debug("how it failed", exc_info=True)
        return told
    return ""


def _scores(found: Evaluated) -> tuple[ScoredProgram, ...]:
    return tuple(
        ScoredProgram(
            role=role,
            score=found.scores[role],
            interval=found.intervals.get(role),
            failed=found.failed[role],
            macro_f1=found.macro_f1.get(role, {}),
            latency=found.latency_ms.get(role),
            usd_per_1000=found.usd.get(role),
        )
        for role in ("baseline", "champion", "candidate")
        if role in found.scores
    )


def _replay(found: Evaluated) -> ReplayCounts | None:
    if found.replay is None:
        return None
    return ReplayCounts(**found.replay.model_dump(include=set(ReplayCounts.model_fields)))


def _wear(ws: Workspace, spec: ProgramSpec, decision: Decision) -> Wear | None:
    """None for a decision of before looks were noted."""
    if "look" not in decision.evidence:
        return None
    look, policy = Look.model_validate(decision.evidence["look"]), spec.promotion
    history = ws.releases.ledger.history(spec.name)
    before = [
        entry.level
        for entry in history
        if entry.kind == "turn" and entry.epoch == look.epoch and entry.look < look.number
    ]
    share = policy.error / policy.looks
    # A look of before levels were noted counts as a planned one.
    spent = look.level + sum(share if level is None else level for level in before)
    return Wear(
        epoch=look.epoch,
        look=look.number,
        planned=look.planned,
        level=look.level,
        spent=spent,
        error=policy.error,
        detectable=decision.evidence.get("detectable"),
        rows_needed=decision.evidence.get("rows_needed"),
    )


def _facts(row: TurnRow, snapshot: Snapshot, candidate: CandidateRef, refs: Refs) -> TurnFacts:
    dataset, spec = snapshot.dataset, snapshot.spec
    registered = Registered.model_validate(refs["register"]) if "register" in refs else None
    return TurnFacts(
        run_id=candidate.run_id,
        dataset_version=dataset.version,
        train=dataset.train,
        validation=dataset.validation,
        holdout=dataset.holdout,
        feedback_rows=dataset.feedback_rows,
        feedback_upto=dataset.feedback_upto,
        spec_hash=row.spec_hash,
        metric=spec.metric.name,
        lm=spec.lm.name,
        optimizer=candidate.optimizer,
        note=candidate.note,
        digest=candidate.digest,
        champion=row.champion,
        model_version=None if registered is None else registered.version,
        core_version=row.core_version,
        opened_at=row.opened_at,
    )


def _changed(table: Sequence[Cells], opponent: str, spec: ProgramSpec) -> list[ChangedAnswer]:
    """Every changed answer: the lost ones first, the largest losses before the others."""
    theirs = {row["row_id"]: row for row in table if row["program"] == opponent}
    pairs = [
        (theirs[row["row_id"]], row)
        for row in table
        if row["program"] == "candidate" and row["row_id"] in theirs
    ]
    found = [_pair(old, new, spec) for old, new in pairs if _differs(old, new)]
    return sorted(found, key=lambda one: (_ORDER[one.change], -abs(_gain_of(one))))


def _pair(old: Cells, new: Cells, spec: ProgramSpec) -> ChangedAnswer:
    inputs = [field.name for field in spec.signature.inputs]
    return ChangedAnswer(
        row_id=new["row_id"],
        change=_change(_gain(old["score"], new["score"])),
        inputs=_named(new.get("inputs"), inputs),
        expected=_named(new.get("expected"), ()),
        opponent=_named(old["prediction"], ()),
        candidate=_named(new["prediction"], ()),
        opponent_score=old["score"],
        candidate_score=new["score"],
        opponent_error=old["error"],
        candidate_error=new["error"],
    )


def _differs(old: Cells, new: Cells) -> bool:
    other_answer: bool = old["prediction"] != new["prediction"]
    return other_answer or abs(_gain(old["score"], new["score"])) > SAME


def _gain_of(found: ChangedAnswer) -> float:
    return _gain(found.opponent_score, found.candidate_score)


def _gain(old: float | None, new: float | None) -> float:
    return (new or 0.0) - (old or 0.0)


def _change(gain: float) -> Literal["lost", "won", "same"]:
    return "lost" if gain < -SAME else "won" if gain > SAME else "same"


def _named(content: str | None, order: Sequence[str]) -> dict[str, Any]:
    """A JSON object as it was logged, its keys in this order where they are in it."""
    values: dict[str, Any] = json.loads(content) if content else {}
    return {name: values[name] for name in dict.fromkeys((*order, *values)) if name in values}


def _failures(table: Sequence[Cells]) -> tuple[FailureCount, ...]:
    errors = Counter((row["program"], row["error"]) for row in table if row["score"] is None)
    return tuple(
        FailureCount(role=role, error=error, rows=rows)
        for (role, error), rows in errors.most_common(MOST_FAILURES)
    )
