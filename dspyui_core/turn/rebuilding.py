"""Making a version again without some of its rows: compiled, scored side by side, registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dspyui_core.comparison import compare
from dspyui_core.lms import metered
from dspyui_core.mlflow_registry import register_model, version_metadata, version_with_digest
from dspyui_core.mlflow_tracking import finish_run, logged_digest, run_facts, turn_run
from dspyui_core.records import CandidateRef, Comparison, Record, ScoreCard, ScoreRow, TurnLM
from dspyui_core.spec import canonical_json
from dspyui_core.turn.compiling import compile_on, keep_candidate, load_candidate
from dspyui_core.turn.evaluating import Contender, score_side_by_side
from dspyui_core.turn.rebuild_base import RebuildBase, RebuildPlan, RebuildRequest, rebuild_base
from dspyui_core.turn.steps import Progress, Snapshot, silent
from dspyui_core.workspace import Workspace

__all__ = ["Rebuilt", "RebuiltAnswer", "plan_rebuild", "rebuild_version"]


class RebuiltAnswer(Record):
    """A holdout row that the two versions answer differently; None where one of them failed."""

    row_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    score_before: float
    score_after: float


class Rebuilt(RebuildPlan):
    """A version without the rows, against the one that it was made from.

    `known` says that this very program was registered before; where it is `rebuilt_from` itself,
    the rows had made no difference to it. `decision` is that of a promotion, where one was wanted.
    """

    version: int
    known: bool
    run_id: str
    comparison: Comparison
    changed: tuple[RebuiltAnswer, ...]
    lm: TurnLM
    decision: int | None = None


def plan_rebuild(ws: Workspace, request: RebuildRequest) -> RebuildPlan:
    """What `rebuild_version` would start from. Raises what it raises first; nothing is written."""
    return rebuild_base(ws, request).plan


def rebuild_version(
    ws: Workspace, request: RebuildRequest, *, reason: str = "", on_progress: Progress = silent
) -> Rebuilt:
    """Compile a version's spec on its own dataset without some rows, and register what comes out.

    The same optimizer, options and seed; the same rows give the same version. Both versions answer
    the holdout, which is no look: only a `reason` promotes what was made, on a person's word.
    Raises InputError where the version has no such row, was compiled from none or is pinned,
    ModelNotFoundError, and BusyError while a turn of the program runs.
    """
    with ws.lock(plan_rebuild(ws, request).program), metered() as meter:
        base = rebuild_base(ws, request)
        if reason:
            ws.releases.require_unpinned(base.plan.program)
        candidate = _candidate(ws, base, on_progress)
        cards = _scores(ws, base, candidate, on_progress)
        known = version_with_digest(ws.client, base.plan.program, candidate.digest)
        made = known or _register(ws, base, candidate, cards)
        finish_run(ws.client, candidate.run_id)
        used = meter.snapshot()
    return Rebuilt(
        **base.plan.model_dump(),
        version=made,
        known=known is not None,
        run_id=candidate.run_id,
        comparison=_compared(base.snapshot, cards),
        changed=_changed(cards),
        lm=TurnLM(calls=used.calls, usd=used.usd),
        decision=_promoted(ws, base.plan.program, made, reason),
    )


def _candidate(ws: Workspace, base: RebuildBase, on_progress: Progress) -> CandidateRef:
    """The program without the rows, compiled once and kept in a run of its own."""
    spec = base.snapshot.spec
    tags = {
        "dspyui.type": "rebuild",
        "dspyui.program": spec.name,
        "dspyui.user": ws.settings.user,
        "dspyui.project": ws.settings.project,
        "dspyui.dataset_version": base.plan.dataset_version,
        "dspyui.spec_hash": spec.identity(),
    }
    run_id = turn_run(ws.client, ws.experiment(spec.name), turn_id=base.key, tags=tags)
    digest = logged_digest(ws.client, run_id)
    if digest is None:
        on_progress(f"compiling on {base.plan.train} train rows")
        made = compile_on(ws, spec, base.train, base.validation, on_progress=on_progress)
        return keep_candidate(ws, run_id, made)
    facts = run_facts(ws.client, run_id).params
    return CandidateRef(
        digest=digest,
        run_id=run_id,
        optimizer=facts.get("optimizer", spec.optimizer.name),
        note=facts.get("note", ""),
        validation_score=None,
    )


def _scores(
    ws: Workspace, base: RebuildBase, candidate: CandidateRef, on_progress: Progress
) -> dict[str, ScoreCard]:
    before = ws.models.load_model(base.plan.program, version=base.plan.rebuilt_from)
    after = load_candidate(ws, candidate)
    contenders = {
        "version": Contender(before.program, before.spec, before.digest),
        "candidate": Contender(after.program, after.spec, after.digest),
    }
    return score_side_by_side(
        ws, base.snapshot, contenders, run_id=candidate.run_id, on_progress=on_progress
    )


def _register(
    ws: Workspace, base: RebuildBase, candidate: CandidateRef, cards: Mapping[str, ScoreCard]
) -> int:
    score = cards["candidate"].mean
    dataset = base.snapshot.dataset
    return register_model(
        ws.client,
        base.plan.program,
        candidate.run_id,
        digest=candidate.digest,
        metadata=version_metadata(
            base.snapshot.spec, optimizer=candidate.optimizer, evaluation_score=score
        ),
        lineage={
            "turn": base.version.tags.get("dspyui.turn"),
            "dataset_version": dataset.version,
            "spec_hash": base.snapshot.spec.identity(),
            "feedback_upto": dataset.feedback_upto,
            "scores": {role: round(card.mean, 6) for role, card in cards.items()},
            "rebuilt_from": base.plan.rebuilt_from,
            "without": canonical_json(list(base.plan.without)),
            "registered_by": ws.settings.user,
        },
    )


def _promoted(ws: Workspace, program: str, version: int, reason: str) -> int | None:
    if not reason or ws.releases.champion(program) == version:
        return None
    return ws.promote(program, version, reason=reason).seq


def _compared(snapshot: Snapshot, cards: Mapping[str, ScoreCard]) -> Comparison:
    spec = snapshot.spec
    return compare(
        cards["version"],
        cards["candidate"],
        name="version",
        confidence=spec.promotion.confidence,
        seed=spec.seed,
    )


def _changed(cards: Mapping[str, ScoreCard]) -> tuple[RebuiltAnswer, ...]:
    pairs = zip(cards["version"].rows, cards["candidate"].rows, strict=True)
    return tuple(
        RebuiltAnswer(
            row_id=before.row_id,
            before=_said(before),
            after=_said(after),
            score_before=before.score or 0.0,
            score_after=after.score or 0.0,
        )
        for before, after in pairs
        if _said(before) != _said(after)
    )


def _said(row: ScoreRow) -> Mapping[str, Any] | None:
    return None if row.error else row.prediction
