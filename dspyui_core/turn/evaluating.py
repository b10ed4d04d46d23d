"""Score baseline, champion and candidate on the holdout, and compare them pairwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import dspy

from dspyui_core import programs
from dspyui_core.comparison import compare, score_interval
from dspyui_core.datasets import Reader, Row, load_split
from dspyui_core.errors import LMError
from dspyui_core.evaluation import (
    compare_slices,
    evaluate,
    latency_of,
    uncached,
    usd_per_thousand,
)
from dspyui_core.mlflow_tracking import (
    log_compilation_metrics,
    log_evaluation_table,
    log_metrics,
)
from dspyui_core.records import CandidateRef, ScoreCard, ScoreRow
from dspyui_core.spec import ProgramSpec
from dspyui_core.turn.chunks import EVALUATE, Chunk, Scorers, drop_chunks, scored_elsewhere
from dspyui_core.turn.compiling import load_candidate
from dspyui_core.turn.metric import metric_of
from dspyui_core.turn.replaying import replay_recent
from dspyui_core.turn.steps import Evaluated, Progress, Snapshot, counted, recorded, silent, step
from dspyui_core.workspace import Workspace

__all__ = [
    "EVALUATION_TABLE",
    "Contender",
    "contender_of",
    "evaluate_programs",
    "score_again",
    "score_rows",
    "score_side_by_side",
]

EVALUATION_TABLE = "evaluation"


@dataclass(frozen=True, slots=True)
class Contender:
    """A program in the comparison: its own spec says which LM answers."""

    program: dspy.Module
    spec: ProgramSpec
    digest: str
    version: int | None = None


def evaluate_programs(
    ws: Workspace,
    turn_id: str,
    *,
    scorers: Scorers | None = None,
    on_progress: Progress = silent,
) -> Evaluated:
    """The scores of the turn's programs on the holdout, and candidate against opponent.

    With `scorers` the rows are cut into chunks, which they score as they like (`score_chunk`);
    rows that they leave are scored here. But for latency and price, what is found is the same.
    """
    evaluated = step(
        ws, turn_id, EVALUATE, Evaluated, lambda: _evaluate(ws, turn_id, scorers, on_progress)
    )
    drop_chunks(ws, turn_id)
    return evaluated


def _evaluate(
    ws: Workspace, turn_id: str, scorers: Scorers | None, on_progress: Progress
) -> Evaluated:
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    candidate = recorded(ws, turn_id, "compile", CandidateRef)
    rows = _holdout(ws, snapshot)
    contenders = _contenders(ws, snapshot, candidate)
    digests = {role: contender.digest for role, contender in contenders.items()}
    known = scored_elsewhere(ws, turn_id, digests, len(rows), scorers)
    cards = {
        role: _score(
            ws,
            snapshot,
            rows,
            role,
            contender,
            _timed_lm(ws, snapshot, contender),
            on_progress,
            known=known[role],
        )
        for role, contender in contenders.items()
    }
    _refuse_silence(cards)
    replay = replay_recent(ws, snapshot, contenders["candidate"], on_progress)
    evaluated = _evaluated(cards, snapshot.spec).model_copy(update={"replay": replay})
    _log(ws, candidate, rows, cards, evaluated)
    return evaluated


def score_rows(
    ws: Workspace, snapshot: Snapshot, chunk: Chunk, contender: Contender, on_progress: Progress
) -> ScoreCard:
    """A program's scores on the rows of a chunk, as the whole evaluation would have them."""
    rows = _holdout(ws, snapshot)[chunk.start : chunk.stop]
    lm = _timed_lm(ws, snapshot, contender)
    return _score(ws, snapshot, rows, chunk.role, contender, lm, on_progress)


def score_again(
    ws: Workspace, snapshot: Snapshot, contender: Contender, *, on_progress: Progress = silent
) -> ScoreCard:
    """A program's scores on a snapshot's holdout, past the cache: what its LM answers by now.

    No look: nothing is learned about any candidate. Raises LMError where every row failed.
    """
    lm = uncached(ws.lm(contender.spec.lm))
    rows = _holdout(ws, snapshot)
    card = _score(ws, snapshot, rows, "champion", contender, lm, on_progress)
    _refuse_silence({"champion": card})
    return card


def score_side_by_side(
    ws: Workspace,
    snapshot: Snapshot,
    contenders: Mapping[str, Contender],
    *,
    run_id: str,
    on_progress: Progress = silent,
) -> dict[str, ScoreCard]:
    """The scores of programs on a snapshot's holdout by role, kept in a run's evaluation table.

    No look: it decides nothing. Raises LMError where every row of one failed.
    """
    rows = _holdout(ws, snapshot)
    cards = {
        role: _score(ws, snapshot, rows, role, contender, ws.lm(contender.spec.lm), on_progress)
        for role, contender in contenders.items()
    }
    _refuse_silence(cards)
    log_evaluation_table(ws.client, run_id, EVALUATION_TABLE, cards, rows=rows)
    return cards


def _holdout(ws: Workspace, snapshot: Snapshot) -> Sequence[Row]:
    return load_split(ws.snapshots, snapshot.dataset, "holdout", reader=Reader.COMPARISON)


def _timed_lm(ws: Workspace, snapshot: Snapshot, contender: Contender) -> dspy.LM:
    """The contender's LM, past the cache where the spec has a ceiling on time or price.

    The champion answered these rows when it was a candidate: the cache would give its answers in
    no time and for nothing, and there would be nothing to hold the candidate against.
    """
    policy, lm = snapshot.spec.promotion, ws.lm(contender.spec.lm)
    return lm if policy.max_latency is None and policy.max_cost is None else uncached(lm)


def _evaluated(cards: Mapping[str, ScoreCard], spec: ProgramSpec) -> Evaluated:
    opponent = "champion" if "champion" in cards else "baseline"
    pair = cards[opponent], cards["candidate"]
    confidence, seed = spec.promotion.confidence, spec.seed
    return Evaluated(
        scores={role: card.mean for role, card in cards.items()},
        failed={role: card.failed for role, card in cards.items()},
        intervals={
            role: score_interval(card, confidence=confidence, seed=seed)
            for role, card in cards.items()
        },
        macro_f1={role: dict(card.macro_f1) for role, card in cards.items()},
        latency_ms={role: latency_of(card) for role, card in cards.items()},
        usd={role: usd_per_thousand(card) for role, card in cards.items()},
        comparison=compare(*pair, name=opponent, confidence=confidence, seed=seed),
        slices=compare_slices(*pair, confidence=confidence, seed=seed),
    )


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
    champion = () if snapshot.champion is None else ("champion",)
    roles = ("baseline", "candidate", *champion)
    return {role: contender_of(ws, snapshot, candidate, role) for role in roles}


def contender_of(
    ws: Workspace, snapshot: Snapshot, candidate: CandidateRef, role: str
) -> Contender:
    """The program in one role of a turn: its baseline, its candidate, or its champion."""
    if role == "baseline":
        baseline = programs.build(snapshot.spec, workspace=ws.folder)
        return Contender(baseline, snapshot.spec, programs.digest(baseline, snapshot.spec))
    if role == "candidate":
        model = load_candidate(ws, candidate)
    else:
        model = ws.models.load_model(snapshot.spec.name, version=snapshot.champion)
    return Contender(model.program, model.spec, model.digest)


def _score(
    ws: Workspace,
    snapshot: Snapshot,
    rows: Sequence[Row],
    role: str,
    contender: Contender,
    lm: dspy.LM,
    on_progress: Progress,
    *,
    known: Mapping[str, ScoreRow] = MappingProxyType({}),
) -> ScoreCard:
    spec = snapshot.spec
    return evaluate(
        contender.program,
        rows,
        metric_of(ws, spec),
        lm=lm,
        program_digest=contender.digest,
        dataset_version=snapshot.dataset.version,
        split="holdout",
        metric_name=spec.metric.name,
        threads=ws.settings.lm.threads,
        outputs=spec.signature.outputs,
        repeats=spec.evaluation.repeats,
        known=known,
        on_progress=lambda done, total: on_progress(
            counted(f"scoring {role}", done, total, "holdout rows")
        ),
    )


def _log(
    ws: Workspace,
    candidate: CandidateRef,
    rows: Sequence[Row],
    cards: Mapping[str, ScoreCard],
    evaluated: Evaluated,
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
    log_evaluation_table(ws.client, candidate.run_id, EVALUATION_TABLE, cards, rows=rows)
