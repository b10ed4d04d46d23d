"""Scoring: program x rows x metric -> ScoreCard; a crashing example is a failed row, no more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from statistics import fmean, stdev
from types import MappingProxyType
from typing import Any, Literal

import dspy

from dspyui_core.evaluation.answering import answer, describe, outputs_of
from dspyui_core.evaluation.f1 import macro_f1
from dspyui_core.evaluation.slices import SlicedRow, slices_of
from dspyui_core.fields import Field
from dspyui_core.lms import Usage, in_threads, metered, using_lm
from dspyui_core.metrics import Metric
from dspyui_core.programs import example_of
from dspyui_core.records import ScoreCard, ScoreRow, SplitName

__all__ = ["evaluate", "uncached"]

PROGRESS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer to a row, scored; `score` is None where it failed."""

    score: float | None
    outputs: Mapping[str, Any]
    error: str
    latency_ms: float
    used: Usage


def evaluate(
    program: dspy.Module,
    rows: Sequence[SlicedRow],
    metric: Metric,
    *,
    lm: dspy.LM,
    program_digest: str,
    dataset_version: str,
    split: SplitName | Literal["file"],
    metric_name: str,
    threads: int = 1,
    outputs: Sequence[Field] = (),
    repeats: int = 1,
    known: Mapping[str, ScoreRow] = MappingProxyType({}),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ScoreCard:
    """Score a program on labelled rows, `threads` answers at a time, in the order of the rows.

    An answer whose call or metric raises, or whose score is outside 0..1, failed. A row all of
    whose answers failed has score None and an error; the others are unaffected. With `repeats`
    each row is answered so often, past the cache of answers, and its score is the mean, a failed
    answer counting as 0; the row is still one row. `outputs` are the program's: by the literals
    among them rows are sliced, and macro F1 is told. Rows that are `known` by their id were scored
    before: they are not asked again, and only sliced.
    """
    asked = uncached(lm) if repeats > 1 else lm
    new = [row for row in rows if row.row_id not in known]
    with using_lm(asked):
        scored, told = list[ScoreRow](), time.monotonic()
        for row, answers in _answered_rows(program, new, metric, repeats, threads):
            scored.append(_row(row, answers))
            if time.monotonic() - told >= PROGRESS_SECONDS and len(scored) < len(new):
                told = time.monotonic()
                on_progress(len(rows) - len(new) + len(scored), len(rows))
    on_progress(len(rows), len(rows))
    found = _sliced(rows, known, scored, outputs)
    return ScoreCard(
        program_digest=program_digest,
        dataset_version=dataset_version,
        split=split,
        metric=metric_name,
        rows=found,
        macro_f1=macro_f1(rows, found, outputs),
    )


def uncached(lm: dspy.LM) -> dspy.LM:
    """The same LM asked past the cache of answers: nothing is read from it, nothing kept in it."""
    found: dspy.LM = lm.copy(cache=False)
    return found


def _answered_rows(
    program: dspy.Module, rows: Sequence[SlicedRow], metric: Metric, repeats: int, threads: int
) -> Iterator[tuple[SlicedRow, list[_Answer]]]:
    """Each row with its answers, in order."""
    asked = [row for row in rows for _ in range(repeats)]
    answers = in_threads(lambda row: _answered(program, row, metric), asked, threads=threads)
    for row in rows:
        yield row, list(islice(answers, repeats))


def _answered(program: dspy.Module, row: SlicedRow, metric: Metric) -> _Answer:
    with _measured() as measured:
        prediction, error = answer(program, row.inputs)
    if prediction is None:
        return _Answer(None, {}, error, **measured)
    outputs = outputs_of(prediction, tuple(row.labels))
    score, error = _judge(metric, example_of(row), prediction)
    return _Answer(score, outputs, error, **measured)


@contextmanager
def _measured() -> Iterator[dict[str, Any]]:
    measured: dict[str, Any] = {}
    start = time.perf_counter()
    with metered() as meter:
        yield measured
    latency = (time.perf_counter() - start) * 1000
    measured |= {"latency_ms": latency, "used": meter.snapshot()}


def _judge(
    metric: Metric, example: dspy.Example, prediction: dspy.Prediction
) -> tuple[float | None, str]:
    try:
        score = float(metric(example, prediction))
    except Exception as error:  # noqa: BLE001 - the edge where any failure becomes a failed row
        return None, f"the metric raised {describe(error)}"
    if not (math.isfinite(score) and 0.0 <= score <= 1.0):
        return None, f"the metric returned {score}, which is outside 0..1"
    return score, ""


def _row(row: SlicedRow, answers: Sequence[_Answer]) -> ScoreRow:
    """A row's answers as one result; what it answered is what it answered first."""
    scores = [each.score for each in answers]
    counted = [score or 0.0 for score in scores]
    failed = scores.count(None)
    used = sum((each.used for each in answers), Usage())
    first = next((each for each in answers if each.score is not None), answers[0])
    error = next((each.error for each in answers if each.score is None), "")
    partly = f"{failed} of {len(answers)} answers failed: " if 0 < failed < len(answers) else ""
    return ScoreRow(
        row_id=row.row_id,
        score=None if failed == len(answers) else fmean(counted),
        prediction=first.outputs,
        error=f"{partly}{error}",
        latency_ms=fmean(each.latency_ms for each in answers),
        calls=used.calls,
        usd=used.usd,
        repeats=len(answers),
        deviation=stdev(counted) if len(answers) > 1 else 0.0,
        # An answer without tokens: the cache spoke, and neither time nor price is real.
        cached=failed < len(answers) and used.calls > 0 and used.tokens == 0,
    )


def _sliced(
    rows: Sequence[SlicedRow],
    known: Mapping[str, ScoreRow],
    scored: Sequence[ScoreRow],
    outputs: Sequence[Field],
) -> tuple[ScoreRow, ...]:
    """The results in the order of the rows, those that were known among those scored now."""
    new = iter(scored)
    results = (known[row.row_id] if row.row_id in known else next(new) for row in rows)
    return tuple(
        result.model_copy(update={"slices": slices_of(row, outputs)})
        for row, result in zip(rows, results, strict=True)
    )
