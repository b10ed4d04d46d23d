"""Score baseline, champion and candidate on the holdout, and compare them pairwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import dspy

from dspyui_core import programs
from dspyui_core.comparison import compare, score_interval
from dspyui_core.datasets import Reader, load_split
from dspyui_core.errors import LMError
from dspyui_core.evaluation import evaluate
from dspyui_core.metrics import create_metric
from dspyui_core.mlflow_tracking import (
    log_compilation_metrics,
    log_evaluation_table,
    log_metrics,
)
from dspyui_core.records import CandidateRef, ScoreCard
from dspyui_core.spec import ProgramSpec
from dspyui_core.turn.compiling import load_candidate
from dspyui_core.turn.steps import Evaluated, Progress, Snapshot, recorded, silent, step
from dspyui_core.workspace import Workspace

__all__ = ["evaluate_programs"]

EVALUATION_TABLE = "evaluation"


@dataclass(frozen=True, slots=True)
class Contender:
    """A program in the comparison: its own spec says which LM answers."""

    program: dspy.Module
    spec: ProgramSpec
    digest: str


def evaluate_programs(ws: Workspace, turn_id: str, *, on_progress: Progress = silent) -> Evaluated:
    """The scores of the turn's programs on the holdout, and candidate against opponent."""
    return step(ws, turn_id, "evaluate", Evaluated, lambda: _evaluate(ws, turn_id, on_progress))


def _evaluate(ws: Workspace, turn_id: str, on_progress: Progress) -> Evaluated:
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    candidate = recorded(ws, turn_id, "compile", CandidateRef)
    cards = {
        role: _score(ws, snapshot, role, contender, on_progress)
        for role, contender in _contenders(ws, snapshot, candidate).items()
    }
    opponent = "champion" if "champion" in cards else "baseline"
    _refuse_silence(cards)
    confidence, seed = snapshot.spec.promotion.confidence, snapshot.spec.seed
    evaluated = Evaluated(
        scores={role: card.mean for role, card in cards.items()},
        failed={role: card.failed for role, card in cards.items()},
        comparison=compare(
            cards[opponent],
            cards["candidate"],
            name=opponent,
            confidence=confidence,
            seed=seed,
        ),
        intervals={
            role: score_interval(card, confidence=confidence, seed=seed)
            for role, card in cards.items()
        },
    )
    _log(ws, candidate, cards, evaluated)
    return evaluated


def _refuse_silence(cards: Mapping[str, ScoreCard]) -> None:
    """An LM that is away must fail the turn; it says nothing about the programs."""
    for role, card in cards.items():
        if card.failed == len(card.rows):
            first = card.rows[0].error if card.rows else "no holdout rows"
            raise LMError(
                f"every holdout row of the {role} failed: {first}",
                hint="mend the cause, then run the same command: it resumes this turn",
            )


def _contenders(
    ws: Workspace, snapshot: Snapshot, candidate: CandidateRef
) -> Mapping[str, Contender]:
    compiled = load_candidate(ws, candidate)
    baseline = programs.build(snapshot.spec, workspace=ws.folder)
    digest = programs.digest(baseline, snapshot.spec)
    found = {
        "baseline": Contender(baseline, snapshot.spec, digest),
        "candidate": Contender(compiled.program, compiled.spec, compiled.digest),
    }
    if snapshot.champion is not None:
        model = ws.models.load_model(snapshot.spec.name, version=snapshot.champion)
        found["champion"] = Contender(model.program, model.spec, model.digest)
    return found


def _score(
    ws: Workspace,
    snapshot: Snapshot,
    role: str,
    contender: Contender,
    on_progress: Progress,
) -> ScoreCard:
    spec = snapshot.spec
    return evaluate(
        contender.program,
        load_split(ws.snapshots, snapshot.dataset, "holdout", reader=Reader.COMPARISON),
        create_metric(spec.metric, spec.signature.outputs, workspace=ws.folder),
        lm=ws.lm(contender.spec.lm),
        program_digest=contender.digest,
        dataset_version=snapshot.dataset.version,
        split="holdout",
        metric_name=spec.metric.name,
        threads=ws.settings.lm.threads,
        on_progress=lambda done, total: on_progress(f"scoring {role}: {done}/{total} holdout rows"),
    )


def _log(
    ws: Workspace, candidate: CandidateRef, cards: Mapping[str, ScoreCard], evaluated: Evaluated
) -> None:
    scores = evaluated.scores
    log_compilation_metrics(
        ws.client,
        candidate.run_id,
        baseline_score=scores["baseline"],
        evaluation_score=scores["candidate"],
    )
    comparison = evaluated.comparison
    numbers = {
        "champion_score": scores.get("champion"),
        "validation_score": candidate.validation_score,
        "difference": comparison.difference,
        "difference_low": comparison.low,
        "difference_high": comparison.high,
        "failed_rows": float(evaluated.failed["candidate"]),
    }
    log_metrics(ws.client, candidate.run_id, numbers)
    log_evaluation_table(ws.client, candidate.run_id, EVALUATION_TABLE, cards)
