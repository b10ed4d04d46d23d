"""Copying: one program's journal to MLflow, in batches that may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient

from dspyui_core.errors import StoreError
from dspyui_core.mirror.assessments import Settled, assessments_on, settle
from dspyui_core.mirror.flushing import flushed_together
from dspyui_core.mirror.naming import CONSUMER, is_from_mlflow, mlflow_trace_id
from dspyui_core.mirror.spans import spans_of
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.watermarks import Watermarks


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What one catching up copied, and up to which journal position.

    `orphans` counts feedback whose trace is not in MLflow (deleted there): it stays in the journal.
    """

    traces: int
    assessments: int
    position: int
    orphans: int = 0

    def __add__(self, later: Mirrored) -> Mirrored:
        return Mirrored(
            self.traces + later.traces,
            self.assessments + later.assessments,
            later.position,
            self.orphans + later.orphans,
        )


def mirror_once(
    journal: Journal,
    watermarks: Watermarks,
    client: mlflow.MlflowClient,
    *,
    program: str,
    experiment_id: str,
    batch: int = 200,
    stop: Callable[[], bool] = lambda: False,
) -> Mirrored:
    """Copy what one program's journal got since the last time, `batch` entries at a time.

    The watermark moves after each batch; a batch repeated after a crash changes nothing, since
    trace ids are the journal's and assessment ids derive from its positions. What was picked up
    from MLflow is passed over. Ends before the next batch where `stop` says so. Raises StoreError
    where MLflow fails: what is copied by then stays, and the next call goes on from there.
    """
    position = watermarks.get(program, CONSUMER)
    # Fixed at the start: a busy writer cannot keep this going.
    end = journal.last_position(program)
    done = Mirrored(0, 0, position)
    with needing_mlflow():
        store = TracingClient(client.tracking_uri).store
        while not stop():
            page = journal.since(position, program=program, upto=end, limit=batch, spans=True)
            entries = list(page)
            if not entries:
                break
            traces, settled = _copy(store, experiment_id, entries)
            position = watermarks.advance(program, CONSUMER, entries[-1].position)
            done += Mirrored(traces, settled.assessments, position, settled.orphans)
    return done


@contextmanager
def needing_mlflow() -> Iterator[None]:
    """Turn what MLflow raises when it is away or fails into a StoreError."""
    try:
        yield
    except MlflowException as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise StoreError(
            f"MLflow failed: {first}",
            hint="the journal has everything; the next turn, or dspyui mirror, copies the rest",
        ) from error


def _copy(store: Any, experiment_id: str, entries: Sequence[Entry]) -> tuple[int, Settled]:
    feedback = [entry for entry in entries if entry.kind == "feedback"]
    # Looked up before the traces are written: what is new then has no assessments.
    known = assessments_on(store, (mlflow_trace_id(entry.trace_id) for entry in feedback))
    written = _copy_predictions(store, experiment_id, entries)
    return len(written), settle(store, feedback, dict.fromkeys(written, ()) | known)


def _copy_predictions(store: Any, experiment_id: str, entries: Sequence[Entry]) -> list[str]:
    new = [one for one in entries if one.kind == "prediction" and not is_from_mlflow(one)]
    spans = [span for entry in new for span in spans_of(entry)]
    if spans:
        with flushed_together(store):
            store.log_spans(experiment_id, spans)
    return [mlflow_trace_id(entry.trace_id) for entry in new]
