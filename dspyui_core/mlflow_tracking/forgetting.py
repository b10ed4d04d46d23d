"""Forgetting in MLflow: traces, assessments, quotes in spans and rows of evaluation tables."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mlflow
from mlflow.entities import Assessment, Span
from mlflow.exceptions import MlflowException
from mlflow.tracing.client import TracingClient
from mlflow.tracing.constant import SpanAttributeKey

from dspyui_core.mlflow_tracking.connecting import is_missing
from dspyui_core.mlflow_tracking.runs import (
    DATA_PAGE,
    DATA_REPORT,
    DECISION_PAGE,
    chunks,
    read_json,
)

_EVALUATION = "evaluation.json"
_FORGOTTEN_PAGE = """<!doctype html>
<meta charset="utf-8"><title>Decision</title>
<p>Something that this page showed was forgotten. <code>dspyui program report PROGRAM --turn TURN
--out FILE</code> writes it again, without that.</p>
"""
_FORGOTTEN_DATA = """<!doctype html>
<meta charset="utf-8"><title>Data</title>
<p>Something that this page showed was forgotten. <code>dspyui dataset show VERSION --program
PROGRAM --report FILE</code> writes it again, without that.</p>
"""
_NUMBERS = (
    SpanAttributeKey.REQUEST_ID,
    SpanAttributeKey.SPAN_TYPE,
    SpanAttributeKey.CHAT_USAGE,
    SpanAttributeKey.LLM_COST,
    SpanAttributeKey.MODEL,
    SpanAttributeKey.MODEL_PROVIDER,
)
# More ids make MLflow's own queries slow.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Said:
    """Whose assessments go from a trace: those made from these journal positions, and a user's."""

    trace_id: str
    positions: frozenset[int]
    user_id: str | None = None

    def takes(self, assessment: Assessment) -> bool:
        """Whether an assessment goes."""
        marks = assessment.metadata or {}
        if int(marks.get("dspyui.position", 0)) in self.positions:
            return True
        source = assessment.source.source_id if assessment.source else None
        return self.user_id is not None and marks.get("dspyui.user", source) == self.user_id


def delete_traces(client: mlflow.MlflowClient, trace_ids: Collection[str]) -> int:
    """Delete traces by MLflow's ids, whichever experiment they are in; returns how many.

    What is not there is no error, so it may be repeated.
    """
    store = _store(client)
    deleted = 0
    for experiment_id, found in _by_experiment(store, trace_ids).items():
        for some in chunks(found, _AT_ONCE):
            deleted += store.delete_traces(experiment_id, trace_ids=some)
    return deleted


def delete_assessments(client: mlflow.MlflowClient, unwanted: Sequence[Said]) -> int:
    """Delete what was said on traces that stay; returns how many assessments."""
    store = _store(client)
    by_trace = {said.trace_id: said for said in unwanted}
    deleted = 0
    for info in _infos(store, by_trace):
        for found in info.assessments:
            if by_trace[info.trace_id].takes(found):
                store.delete_assessment(info.trace_id, found.assessment_id)
                deleted += 1
    return deleted


def blank_quotes(
    client: mlflow.MlflowClient, trace_ids: Collection[str], quotes: Callable[[Any], bool]
) -> int:
    """Write those spans below a trace's root anew, without contents, that quote something.

    `quotes` gets what a span holds, as plain data. Returns how many traces had such spans.
    """
    store = _store(client)
    found = 0
    for some in chunks(sorted(trace_ids), _AT_ONCE):
        for trace in store.batch_get_traces(some):
            below = [span for span in trace.data.spans if span.parent_id is not None]
            bare = [_bare(span) for span in below if quotes(span.to_dict())]
            if bare:
                store.log_spans(trace.info.experiment_id, bare)
                found += 1
    return found


def runs_of(client: mlflow.MlflowClient, program: str) -> list[str]:
    """The ids of all runs of a program's turns, in every experiment."""
    experiments = [found.experiment_id for found in client.search_experiments()]
    token, runs = None, []
    while True:
        page = client.search_runs(
            experiments, f"tags.`dspyui.program` = '{program}'", page_token=token
        )
        runs += [str(run.info.run_id) for run in page]
        token = page.token
        if not token:
            return runs


def forget_evaluated(
    client: mlflow.MlflowClient, runs: Iterable[str], row_ids: Collection[str]
) -> int:
    """Take the answers to rows out of the evaluation tables of runs; returns how many.

    A decision page that may show one of them gives way to a note that says so. It goes first: only
    the table tells a repeat of this that there is something to do.
    """
    gone = 0
    for run_id in runs:
        table = read_json(client, run_id, _EVALUATION)
        kept = [row for row in table.get("data", ()) if row[0] not in row_ids]
        less = len(table.get("data", ())) - len(kept)
        if less:
            text = json.dumps({**table, "data": kept}, ensure_ascii=False)
            if DECISION_PAGE in {file.path for file in client.list_artifacts(run_id)}:
                client.log_text(run_id, _FORGOTTEN_PAGE, DECISION_PAGE)
            client.log_text(run_id, text, _EVALUATION)
        gone += less
    return gone


def forget_in_data_pages(
    client: mlflow.MlflowClient,
    runs: Iterable[str],
    scrub: Callable[[dict[str, Any]], dict[str, Any]],
) -> int:
    """Take out of the data reports of runs what `scrub` leaves out; returns how many it changed.

    The page beside such a report gives way to a note. It goes first: only the report tells a repeat
    of this that there is something to do.
    """
    changed = 0
    for run_id in runs:
        report = read_json(client, run_id, DATA_REPORT)
        kept = scrub(report)
        if kept != report:
            client.log_text(run_id, _FORGOTTEN_DATA, DATA_PAGE)
            client.log_text(run_id, json.dumps(kept, indent=2, ensure_ascii=False), DATA_REPORT)
            changed += 1
    return changed


def _bare(span: Span) -> Span:
    """A span with its place, its times and its numbers; MLflow replaces the one of the same id."""
    facts = span.to_dict()
    kept = {key: value for key, value in facts["attributes"].items() if key in _NUMBERS}
    status = {"code": facts["status"]["code"], "message": ""}
    return Span.from_dict({**facts, "attributes": kept, "status": status, "events": []})


def _by_experiment(store: Any, trace_ids: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for info in _infos(store, trace_ids):
        found[info.experiment_id].append(info.trace_id)
    return found


def _infos(store: Any, trace_ids: Iterable[str]) -> Iterator[Any]:
    """What MLflow knows of those of these traces that it has."""
    for some in chunks(sorted(trace_ids), _AT_ONCE):
        try:
            yield from store.batch_get_trace_infos(some)
        except MlflowException as error:
            if not is_missing(error):
                raise


def _store(client: mlflow.MlflowClient) -> Any:
    return TracingClient(client.tracking_uri).store
