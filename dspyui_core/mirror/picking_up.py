"""Picking up: what people said in MLflow enters the journal, with the answers it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import mlflow
from mlflow.entities import TraceInfo
from mlflow.tracing.client import TracingClient

from dspyui_core.fields import Field
from dspyui_core.mirror.copying import needing_mlflow
from dspyui_core.mirror.naming import COMMENT, CORRECTION, RATING
from dspyui_core.mirror.taking import PickedUp, Taker
from dspyui_core.store.journal import Journal

_PAGE: Final = 100
# MLflow's search has no "or", and cannot filter by when an assessment was made.
_RATED: Final = tuple(
    f"{kind}.{name} IS NOT NULL"
    for kind, name in (
        ("feedback", RATING),
        ("feedback", COMMENT),
        ("feedback", CORRECTION),
        ("expectation", CORRECTION),
    )
)


def pick_up(
    journal: Journal,
    client: mlflow.MlflowClient,
    *,
    program: str,
    experiment_id: str,
    inputs: Sequence[Field],
    outputs: Sequence[Field],
) -> PickedUp:
    """Take what people said in MLflow about one program's traces into the journal, each word once.

    That is user_rating, corrected_output and comment of human sources, on traces of this program
    and on those that another one logged to its experiment. It looks at every trace that has any:
    however old the trace is, what is said late is found. Edits count, and what is deleted in
    MLflow is taken back. Raises StoreError where MLflow fails.
    """
    with needing_mlflow():
        store = TracingClient(client.tracking_uri).store
        taker = Taker(journal, store, program, inputs, outputs)
        for infos in _rated(store, experiment_id):
            taker.take(infos)
        taker.take_back()
        return taker.picked_up


def _rated(store: Any, experiment_id: str) -> Iterator[list[TraceInfo]]:
    """Pages of every trace on which somebody said something, the oldest first, each once."""
    done: set[str] = set()
    for wanted in _RATED:
        token = None
        while True:
            infos, token = store.search_traces(
                locations=[experiment_id],
                filter_string=wanted,
                max_results=_PAGE,
                order_by=["timestamp_ms ASC"],
                page_token=token,
            )
            yield [info for info in infos if info.trace_id not in done]
            done |= {info.trace_id for info in infos}
            if not token:
                break
