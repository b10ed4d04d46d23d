"""Program x rows x metric -> ScoreCard; one crashing example is a failed row, nothing more."""

from __future__ import annotations

import contextvars
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal

import dspy
from pydantic import BaseModel

from dspyui_core.errors import ProgramError
from dspyui_core.lms import Meter, as_lm_error, metered, redacted, using_lm
from dspyui_core.metrics import Metric
from dspyui_core.programs import LabelledRow, example_of
from dspyui_core.records import ScoreCard, ScoreRow, SplitName

__all__ = ["call", "describe", "evaluate", "is_of_dspy", "outputs_of"]

PROGRESS_SECONDS = 2.0


def evaluate(
    program: dspy.Module,
    rows: Sequence[LabelledRow],
    metric: Metric,
    *,
    lm: dspy.LM,
    program_digest: str,
    dataset_version: str,
    split: SplitName | Literal["file"],
    metric_name: str,
    threads: int = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ScoreCard:
    """Score a program on labelled rows, `threads` at a time, in the order of the rows.

    A row whose call or metric raises, or whose score is outside 0..1, has score None and an
    error; the others are unaffected.
    """
    with using_lm(lm):
        scored, told = [], time.monotonic()
        for row in _in_threads(lambda row: _score(program, row, metric), rows, threads):
            scored.append(row)
            if time.monotonic() - told >= PROGRESS_SECONDS or len(scored) == len(rows):
                told = time.monotonic()
                on_progress(len(scored), len(rows))
    return ScoreCard(
        program_digest=program_digest,
        dataset_version=dataset_version,
        split=split,
        metric=metric_name,
        rows=tuple(scored),
    )


def outputs_of(prediction: dspy.Prediction, names: Sequence[str]) -> dict[str, Any]:
    """The named outputs of a prediction as plain JSON values; None where it lacks one."""
    # By key: as attributes, outputs called `items` or `labels` are methods of DSPy's records.
    return {name: plain(prediction.get(name)) for name in names}


def call(program: dspy.Module, inputs: Mapping[str, Any]) -> dspy.Prediction:
    """The program's prediction. Raises ProgramError where it returns something else."""
    prediction = program(**inputs)
    if not isinstance(prediction, dspy.Prediction):
        raise ProgramError(
            f"the program returned a {type(prediction).__name__}, not a dspy.Prediction",
            hint="let the module's forward return what its predictor returned",
        )
    return prediction


def plain(value: Any) -> Any:
    """A typed output as plain JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _in_threads(
    function: Callable[[LabelledRow], ScoreRow], rows: Sequence[LabelledRow], threads: int
) -> Iterator[ScoreRow]:
    with ThreadPoolExecutor(max_workers=threads) as pool:
        # DSPy's settings live in a context variable, which a pool's threads do not inherit.
        futures = [pool.submit(contextvars.copy_context().run, function, row) for row in rows]
        for future in futures:
            yield future.result()


def _score(program: dspy.Module, row: LabelledRow, metric: Metric) -> ScoreRow:
    example = example_of(row)
    with _measured() as measured:
        prediction, error = _answer(program, row.inputs)
    if prediction is None:
        return ScoreRow(row_id=row.row_id, score=None, error=error, **measured)
    outputs = outputs_of(prediction, tuple(row.labels))
    score, error = _judge(metric, example, prediction)
    return ScoreRow(row_id=row.row_id, score=score, prediction=outputs, error=error, **measured)


@contextmanager
def _measured() -> Iterator[dict[str, Any]]:
    measured: dict[str, Any] = {}
    start = time.perf_counter()
    with metered() as meter:
        yield measured
    measured |= {"latency_ms": (time.perf_counter() - start) * 1000, **_usage(meter)}


def _usage(meter: Meter) -> dict[str, Any]:
    used = meter.snapshot()
    return {"calls": used.calls, "usd": used.usd}


def _answer(program: dspy.Module, inputs: Mapping[str, Any]) -> tuple[dspy.Prediction | None, str]:
    try:
        return call(program, inputs), ""
    except Exception as error:  # noqa: BLE001 - the edge where any failure becomes a failed row
        return None, describe(error)


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


def describe(error: Exception) -> str:
    """An exception in one line, free of secrets."""
    if is_of_dspy(error):
        return str(as_lm_error(error))
    return redacted(f"{type(error).__name__}: {error}".splitlines()[0])[:300]


def is_of_dspy(error: Exception) -> bool:
    """Whether DSPy raised it: the LM did not answer, or not as asked."""
    return type(error).__module__.partition(".")[0] == "dspy"
