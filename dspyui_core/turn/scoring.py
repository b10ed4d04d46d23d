"""Scoring a version on a labelled file that is no part of the loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from dspyui_core.comparison import score_interval
from dspyui_core.datasets import Row, fold_dataset, open_table
from dspyui_core.errors import DatasetError
from dspyui_core.evaluation import evaluate, latency_of, score_slices, usd_per_thousand
from dspyui_core.mlflow_loader import LoadedModel
from dspyui_core.records import (
    Interval,
    Latency,
    Record,
    ScoreCard,
    ScoreRow,
    SliceScore,
)
from dspyui_core.spec import ProgramSpec
from dspyui_core.turn.metric import metric_of
from dspyui_core.turn.steps import Progress, counted, silent
from dspyui_core.workspace import Workspace

__all__ = ["FileScore", "ScoredAnswer", "score_file"]


class ScoredAnswer(Record):
    """One row of the file: what was asked, what is right, what was said, and the score 0..1."""

    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    outputs: Mapping[str, Any]
    score: float | None
    error: str = ""
    slices: Mapping[str, str] = Field(default_factory=dict)
    deviation: float = 0.0


class FileScore(Record):
    """A version's mean score on a file, 0..1, with its interval; a failed row counts as 0.

    `macro_f1` is by literal output, 0..1. `latency_ms` is of one answer, `usd` of 1,000 of them;
    both are None where the cache answered every row, `usd` also where a price is unknown.
    """

    program: str
    version: int
    metric: str
    rows: int
    skipped: int
    score: float
    interval: Interval
    failed: int
    repeats: int
    macro_f1: Mapping[str, float]
    latency_ms: Latency | None
    usd: float | None
    slices: tuple[SliceScore, ...]
    answers: tuple[ScoredAnswer, ...]


def score_file(
    ws: Workspace,
    program: str,
    file: Path,
    *,
    version: int | None = None,
    slices: Sequence[str] = (),
    repeats: int | None = None,
    on_progress: Progress = silent,
) -> FileScore:
    """Score a version (by default the champion) on every valid row of a labelled file.

    Nothing is recorded, and nothing of the file reaches a later turn. Copies and rows that do not
    fit the signature are `skipped`. `slices` are columns of the file, by default those of the
    version's spec that the file has; `repeats` is by default what the spec says. Raises
    ModelNotFoundError, DatasetError where no row is left or the file lacks a column.
    """
    model = ws.models.load_model(program, version=version)
    repeats = model.spec.evaluation.repeats if repeats is None else repeats
    found = fold_dataset(_reading(model.spec, file.resolve(), slices), (), upto=0)
    if not found.rows:
        raise DatasetError(
            f"no row of {file} fits {program!r}",
            hint=f"see why: dspyui dataset check {file} --program SPEC",
        )
    card = _card(ws, model, found.rows, found.version, repeats, on_progress)
    return FileScore(
        program=program,
        version=model.version or 0,
        metric=model.spec.metric.name,
        rows=len(found.rows),
        skipped=found.total - len(found.rows),
        score=card.mean,
        interval=score_interval(card),
        failed=card.failed,
        repeats=repeats,
        macro_f1=card.macro_f1,
        latency_ms=latency_of(card),
        usd=usd_per_thousand(card),
        slices=score_slices(card),
        answers=tuple(map(_answer, found.rows, card.rows)),
    )


def _reading(spec: ProgramSpec, file: Path, slices: Sequence[str]) -> ProgramSpec:
    """The spec on one other file, which need not have the metadata of the spec's own."""
    there = set(open_table(file).columns) if spec.dataset.slices and not slices else set()
    wanted = slices or [column for column in spec.dataset.slices if column in there]
    read = spec.with_data(file)
    dataset = read.dataset.model_copy(update={"slices": tuple(wanted)})
    return read.model_copy(update={"dataset": dataset})


def _card(
    ws: Workspace,
    model: LoadedModel,
    rows: tuple[Row, ...],
    version: str,
    repeats: int,
    on_progress: Progress,
) -> ScoreCard:
    spec = model.spec
    return evaluate(
        model.program,
        rows,
        metric_of(ws, spec),
        lm=ws.lm(spec.lm),
        program_digest=model.digest,
        dataset_version=version,
        split="file",
        metric_name=spec.metric.name,
        threads=ws.settings.lm.threads,
        outputs=spec.signature.outputs,
        repeats=repeats,
        on_progress=lambda done, total: on_progress(counted("scoring", done, total, "rows")),
    )


def _answer(row: Row, scored: ScoreRow) -> ScoredAnswer:
    return ScoredAnswer(
        inputs=row.inputs,
        labels=row.labels,
        outputs=scored.prediction,
        score=scored.score,
        error=scored.error,
        slices=scored.slices,
        deviation=scored.deviation,
    )
