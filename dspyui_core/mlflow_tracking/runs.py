"""The MLflow run of a turn: found or made once, its parameters, metrics and result table."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import mlflow
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import (
    MAX_METRICS_PER_BATCH,
    MAX_PARAM_VAL_LENGTH,
    MAX_PARAMS_TAGS_PER_BATCH,
    MAX_TAG_VAL_LENGTH,
)

from dspyui_core.errors import RunNotFoundError
from dspyui_core.records import ScoreCard, ScoreRow
from dspyui_core.spec import canonical_json

if TYPE_CHECKING:
    from dspyui_core.programs import LabelledRow

Item = TypeVar("Item")
RunStatus = Literal["FINISHED", "FAILED", "KILLED"]
TURN_TAG = "dspyui.turn"
DECISION_PAGE = "decision.html"
CURVE_PAGE = "learning-curve.html"
DATA_PAGE = "data/report.html"
DATA_REPORT = "data/report.json"
_TABLES_TAG = "mlflow.loggedArtifacts"
_COLUMNS = (
    "row_id",
    "program",
    "score",
    "error",
    "prediction",
    "latency_ms",
    "calls",
    "usd",
    "inputs",
    "expected",
)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run says about itself."""

    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]


def turn_run(
    client: mlflow.MlflowClient,
    experiment_id: str,
    *,
    turn_id: str,
    tags: Mapping[str, object] | None = None,
) -> str:
    """The id of the one run of this turn: found by its tag, made where there is none yet."""
    found = existing_run(client, experiment_id, turn_id=turn_id)
    if found is not None:
        return found
    texts = {key: truncate_param(value, limit=MAX_TAG_VAL_LENGTH) for key, value in _given(tags)}
    texts[TURN_TAG] = turn_id
    return str(client.create_run(experiment_id, tags=texts, run_name=turn_id).info.run_id)


def existing_run(client: mlflow.MlflowClient, experiment_id: str, *, turn_id: str) -> str | None:
    """The id of the run that carries this turn's tag, or None where no such run was made."""
    found = client.search_runs(
        [experiment_id],
        filter_string=f"tags.`{TURN_TAG}` = '{turn_id}'",
        order_by=["attributes.start_time ASC"],
        max_results=1,
    )
    return str(found[0].info.run_id) if found else None


def run_facts(client: mlflow.MlflowClient, run_id: str) -> RunFacts:
    """A run's tags, parameters and newest metrics. Raises RunNotFoundError."""
    try:
        data = client.get_run(run_id).data
    except MlflowException as error:
        hint = "take the id of a turn from dspyui status, or of a run from MLflow"
        raise RunNotFoundError(run_id, hint=hint) from error
    return RunFacts(dict(data.tags), dict(data.params), dict(data.metrics))


def truncate_param(value: object, *, limit: int = MAX_PARAM_VAL_LENGTH) -> str:
    """A value as text of at most `limit` characters; a longer one ends in an ellipsis."""
    text = value if isinstance(value, str) else _as_text(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def log_parameters(
    client: mlflow.MlflowClient, run_id: str, parameters: Mapping[str, object]
) -> None:
    """Log parameters as (truncated) texts; one that the run has already keeps its first value."""
    known = client.get_run(run_id).data.params
    new = [
        Param(key, truncate_param(value)) for key, value in parameters.items() if key not in known
    ]
    for some in chunks(new, MAX_PARAMS_TAGS_PER_BATCH):
        client.log_batch(run_id, params=some)


def log_metrics(
    client: mlflow.MlflowClient,
    run_id: str,
    metrics: Mapping[str, float | None],
    *,
    step: int = 0,
    at_ms: int | None = None,
) -> None:
    """Log metrics in batches; None is left out, and a value that stands already is not repeated.

    `at_ms` is in milliseconds since 1970, by default now.
    """
    known = client.get_run(run_id).data.metrics
    stamp = int(time.time() * 1000) if at_ms is None else at_ms
    new = [
        Metric(key, float(value), stamp, step)
        for key, value in metrics.items()
        if value is not None and known.get(key) != value
    ]
    for some in chunks(new, MAX_METRICS_PER_BATCH):
        client.log_batch(run_id, metrics=some)


def log_compilation_metrics(
    client: mlflow.MlflowClient,
    run_id: str,
    *,
    baseline_score: float | None,
    evaluation_score: float | None,
) -> None:
    """Log both scores (0..1) and, where both are known, score_improvement, their difference."""
    scores = {"baseline_score": baseline_score, "evaluation_score": evaluation_score}
    if baseline_score is not None and evaluation_score is not None:
        scores["score_improvement"] = evaluation_score - baseline_score
    log_metrics(client, run_id, scores)


def log_evaluation_table(
    client: mlflow.MlflowClient,
    run_id: str,
    name: str,
    score_cards: Mapping[str, ScoreCard],
    *,
    rows: Sequence[LabelledRow] = (),
) -> str:
    """Write `<name>.json`, a table MLflow's UI shows: a row per example and program.

    `score_cards` holds a card per program's role (baseline, champion, candidate), and `rows` what
    was asked and expected, where that may be shown. Logging the name again replaces the table.
    Returns the artifact's path.
    """
    path = f"{name}.json"
    known = {row.row_id: row for row in rows}
    data = [
        _table_row(label, row, known.get(row.row_id))
        for label, card in score_cards.items()
        for row in card.rows
    ]
    table = {"columns": list(_COLUMNS), "data": data}
    client.log_text(run_id, json.dumps(table, ensure_ascii=False, default=str), path)
    _announce_table(client, run_id, path)
    return path


def read_evaluation_table(
    client: mlflow.MlflowClient, run_id: str, name: str
) -> list[dict[str, Any]]:
    """The rows of a table that `log_evaluation_table` wrote, by column; none where there is none.

    What a version before this one wrote lacks columns.
    """
    table = read_json(client, run_id, f"{name}.json")
    return [dict(zip(table["columns"], row, strict=True)) for row in table.get("data", ())]


def read_json(client: mlflow.MlflowClient, run_id: str, path: str) -> dict[str, Any]:
    """A JSON artifact of a run; empty where the run has none of this path."""
    folder = path.rpartition("/")[0] or None
    if path not in {file.path for file in client.list_artifacts(run_id, folder)}:
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        local = Path(client.download_artifacts(run_id, path, scratch))
        found: dict[str, Any] = json.loads(local.read_text(encoding="utf-8"))
    return found


def finish_run(client: mlflow.MlflowClient, run_id: str, status: RunStatus = "FINISHED") -> None:
    """End a run with this status."""
    client.set_terminated(run_id, status=status)


def chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """The items, at most `size` at a time."""
    stream = iter(items)
    while some := list(islice(stream, size)):
        yield some


@contextmanager
def track_compilation(
    client: mlflow.MlflowClient,
    experiment_id: str,
    name: str,
    *,
    parameters: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
) -> Iterator[str]:
    """For notebooks: a run around a compilation; yields its id and ends it FINISHED or FAILED."""
    texts = {key: truncate_param(value, limit=MAX_TAG_VAL_LENGTH) for key, value in _given(tags)}
    run_id = str(client.create_run(experiment_id, tags=texts, run_name=name).info.run_id)
    status: RunStatus = "FAILED"
    try:
        log_parameters(client, run_id, parameters or {})
        yield run_id
        status = "FINISHED"
    finally:
        finish_run(client, run_id, status)


def _table_row(label: str, row: ScoreRow, asked: LabelledRow | None) -> list[Any]:
    cells = row.model_dump(mode="json") | {
        "program": label,
        "prediction": canonical_json(dict(row.prediction)),
        "inputs": None if asked is None else canonical_json(dict(asked.inputs)),
        "expected": None if asked is None else canonical_json(dict(asked.labels)),
    }
    return [cells[column] for column in _COLUMNS]


def _announce_table(client: mlflow.MlflowClient, run_id: str, path: str) -> None:
    # MLflow's own log_table appends to a table that is there; its UI finds tables by this tag.
    tables = json.loads(client.get_run(run_id).data.tags.get(_TABLES_TAG, "[]"))
    table = {"path": path, "type": "table"}
    if table not in tables:
        client.set_tag(run_id, _TABLES_TAG, json.dumps([*tables, table]))


def _given(tags: Mapping[str, object] | None) -> list[tuple[str, object]]:
    return [(key, value) for key, value in (tags or {}).items() if value is not None]


def _as_text(value: object) -> str:
    plain = isinstance(value, (dict, list, tuple, bool)) or value is None
    return json.dumps(value, ensure_ascii=False, default=str) if plain else str(value)
