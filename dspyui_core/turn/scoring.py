"""Scoring a version on a labelled file that is no part of the loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dspyui_core.comparison import score_interval
from dspyui_core.datasets import Row, fold_dataset
from dspyui_core.errors import DatasetError
from dspyui_core.evaluation import evaluate
from dspyui_core.metrics import create_metric
from dspyui_core.mlflow_loader import LoadedModel
from dspyui_core.records import Interval, Record, ScoreCard, ScoreRow
from dspyui_core.turn.steps import Progress, silent
from dspyui_core.workspace import Workspace

__all__ = ["FileScore", "ScoredAnswer", "score_file"]


class ScoredAnswer(Record):
    """One row of the file: what was asked, what is right, what was said, and the score 0..1."""

    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    outputs: Mapping[str, Any]
    score: float | None
    error: str = ""


class FileScore(Record):
    """A version's mean score on a file, 0..1, with its interval; a failed row counts as 0."""

    program: str
    version: int
    metric: str
    rows: int
    skipped: int
    score: float
    interval: Interval
    failed: int
    answers: tuple[ScoredAnswer, ...]


def score_file(
    ws: Workspace,
    program: str,
    file: Path,
    *,
    version: int | None = None,
    on_progress: Progress = silent,
) -> FileScore:
    """Score a version (by default the champion) on every valid row of a labelled file.

    Nothing is recorded, and nothing of the file reaches a later turn. Copies and rows that do not
    fit the signature are `skipped`. Raises ModelNotFoundError, DatasetError where no row is left.
    """
    model = ws.models.load_model(program, version=version)
    found = fold_dataset(model.spec.with_data(file.resolve()), (), upto=0)
    if not found.rows:
        raise DatasetError(
            f"no row of {file} fits {program!r}",
            hint=f"see why: dspyui dataset check {file} --program SPEC",
        )
    card = _card(ws, model, found.rows, found.version, on_progress)
    return FileScore(
        program=program,
        version=model.version or 0,
        metric=model.spec.metric.name,
        rows=len(found.rows),
        skipped=found.total - len(found.rows),
        score=card.mean,
        interval=score_interval(card),
        failed=card.failed,
        answers=tuple(map(_answer, found.rows, card.rows)),
    )


def _card(
    ws: Workspace, model: LoadedModel, rows: tuple[Row, ...], version: str, on_progress: Progress
) -> ScoreCard:
    spec = model.spec
    return evaluate(
        model.program,
        rows,
        create_metric(spec.metric, spec.signature.outputs, workspace=ws.folder),
        lm=ws.lm(spec.lm),
        program_digest=model.digest,
        dataset_version=version,
        split="file",
        metric_name=spec.metric.name,
        threads=ws.settings.lm.threads,
        on_progress=lambda done, total: on_progress(f"scoring: {done}/{total} rows"),
    )


def _answer(row: Row, scored: ScoreRow) -> ScoredAnswer:
    return ScoredAnswer(
        inputs=row.inputs,
        labels=row.labels,
        outputs=scored.prediction,
        score=scored.score,
        error=scored.error,
    )
