"""Runs, parameters, metrics, tables and dataset inputs in a real MLflow on SQLite."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dspyui_core.errors import StoreError
from dspyui_core.mlflow_tracking import (
    existing_run,
    experiment,
    finish_run,
    log_compilation_metrics,
    log_dataset_metadata,
    log_evaluation_table,
    log_metrics,
    log_parameters,
    open_client,
    read_evaluation_table,
    track_compilation,
    turn_run,
)
from dspyui_core.records import DatasetRef, ScoreCard, ScoreRow
from support.processes import free_port

CARD = ScoreCard(
    program_digest="d",
    dataset_version="v",
    split="holdout",
    metric="exact_match",
    rows=(
        ScoreRow(row_id="r1", score=1.0, prediction={"topic": "réfund"}, latency_ms=1.5),
        ScoreRow(row_id="r2", score=None, error="LMError"),
    ),
)
REF = DatasetRef(
    program="orders",
    version="ab" * 32,
    rows=10,
    train=5,
    validation=2,
    holdout=3,
    quarantined=1,
    parked=0,
)


def test_a_new_database_is_made_with_its_folders_in_write_ahead_mode(
    mlflow_template: Path,
) -> None:
    with sqlite3.connect(mlflow_template) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_an_experiment_is_made_once_and_keeps_its_artifacts_where_it_was_told(
    home: Any, name: str
) -> None:
    first = home.experiment(name)
    again = experiment(home.client, name, "file:///elsewhere")
    location = home.client.get_experiment(first).artifact_location
    assert (again, location) == (first, f"{home.artifacts}/{name}")


def test_a_deleted_experiment_is_an_error_that_says_how_to_restore_it(home: Any, name: str) -> None:
    home.client.delete_experiment(home.experiment(name))
    with pytest.raises(StoreError, match="mlflow experiments restore"):
        home.experiment(name)


def test_a_turn_has_one_run_however_often_it_is_asked_for(home: Any, name: str) -> None:
    place = home.experiment(name)
    assert existing_run(home.client, place, turn_id=f"{name}-0007") is None
    first = turn_run(home.client, place, turn_id=f"{name}-0007", tags={"mlflow.user": "ana"})
    again = turn_run(home.client, place, turn_id=f"{name}-0007")
    other = turn_run(home.client, place, turn_id=f"{name}-0008")
    assert first == again == existing_run(home.client, place, turn_id=f"{name}-0007")
    assert other != first
    assert home.client.get_run(first).data.tags["mlflow.user"] == "ana"


def test_parameters_are_truncated_and_a_repeat_keeps_the_first_value(home: Any, name: str) -> None:
    run_id = home.run(name)
    many = {f"p{number}": number for number in range(150)}
    log_parameters(home.client, run_id, {"long": "x" * 7000, **many})
    log_parameters(home.client, run_id, {"long": "other", "p1": 2})
    params = home.client.get_run(run_id).data.params
    assert len(params) == 151
    assert params["p1"] == "1"
    assert len(params["long"]) == 6000 and params["long"].endswith("…")


def test_metrics_are_logged_in_batches_and_a_repeat_leaves_one_value(home: Any, name: str) -> None:
    run_id = home.run(name)
    many: dict[str, float | None] = {f"m{number}": float(number) for number in range(1100)}
    log_metrics(home.client, run_id, {**many, "unknown": None})
    log_metrics(home.client, run_id, many)
    assert len(home.client.get_run(run_id).data.metrics) == 1100
    assert len(home.client.get_metric_history(run_id, "m3")) == 1


def test_the_improvement_is_the_difference_of_the_scores(home: Any, name: str) -> None:
    run_id = home.run(name)
    log_compilation_metrics(home.client, run_id, baseline_score=0.5, evaluation_score=0.75)
    assert home.client.get_run(run_id).data.metrics == {
        "baseline_score": 0.5,
        "evaluation_score": 0.75,
        "score_improvement": 0.25,
    }


def test_the_evaluation_table_loads_as_an_mlflow_table_and_is_replaced_when_repeated(
    home: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = home.run(name)
    # MLflow's load_table asks the global tracking server, whatever client it is called on.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", home.uri)
    log_evaluation_table(home.client, run_id, "holdout", {"candidate": CARD})
    log_evaluation_table(home.client, run_id, "holdout", {"baseline": CARD, "candidate": CARD})
    table = home.client.load_table(
        home.client.get_run(run_id).info.experiment_id, "holdout.json", run_ids=[run_id]
    )
    tags = home.client.get_run(run_id).data.tags
    assert list(table["program"]) == ["baseline", "baseline", "candidate", "candidate"]
    assert list(table["error"])[:2] == ["", "LMError"]
    assert table["prediction"][0] == '{"topic":"réfund"}'
    assert json.loads(tags["mlflow.loggedArtifacts"]) == [{"path": "holdout.json", "type": "table"}]


def test_an_evaluation_table_tells_what_was_asked_where_that_may_be_shown(
    home: Any, name: str
) -> None:
    run_id = home.run(name)
    asked = SimpleNamespace(row_id="r1", inputs={"text": "réfund me"}, labels={"topic": "refund"})
    assert read_evaluation_table(home.client, run_id, "holdout") == []
    log_evaluation_table(home.client, run_id, "holdout", {"candidate": CARD}, rows=[asked])
    rows = read_evaluation_table(home.client, run_id, "holdout")
    told = {row["row_id"]: (row["inputs"], row["expected"]) for row in rows}
    assert told.pop("r1") == ('{"text":"réfund me"}', '{"topic":"refund"}')
    assert set(told.values()) == {(None, None)}


def test_the_dataset_is_an_input_known_by_our_hash_even_when_logged_twice(
    home: Any, name: str
) -> None:
    run_id = home.run(name)
    for _ in range(2):
        log_dataset_metadata(
            home.client, run_id, REF, source="snapshots/ab", column_names=["text", "topic"]
        )
    run = home.client.get_run(run_id)
    (found,) = run.inputs.dataset_inputs
    tags = {tag.key: tag.value for tag in found.tags}
    assert found.dataset.digest == REF.version[:36]
    assert tags["dspyui.dataset_version"] == REF.version
    assert json.loads(found.dataset.profile)["holdout"] == 3
    assert run.data.params == {
        "row_count": "10",
        "column_names": '["text", "topic"]',
        "file_hash": REF.version,
    }


def test_a_tracked_compilation_that_raises_ends_as_a_failed_run(home: Any, name: str) -> None:
    place = home.experiment(name)
    with (
        pytest.raises(ZeroDivisionError),
        track_compilation(home.client, place, "by hand", parameters={"k": 8}) as run_id,
    ):
        _ = 1 / 0
    run = home.client.get_run(run_id)
    assert (run.info.status, run.data.params) == ("FAILED", {"k": "8"})


def test_a_finished_run_says_so(home: Any, name: str) -> None:
    run_id = home.run(name)
    finish_run(home.client, run_id)
    assert home.client.get_run(run_id).info.status == "FINISHED"


def test_a_file_that_is_no_database_is_a_store_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.write_text("these are words, not a database; " * 100)
    with pytest.raises(StoreError, match=r"mlflow\.db"):
        open_client(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_client(f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}")


def test_a_server_that_is_not_there_is_told_at_once_and_without_its_password() -> None:
    with pytest.raises(StoreError, match=r"does not answer: .*refused") as caught:
        open_client(f"http://ana:secret@127.0.0.1:{free_port()}")
    assert "secret" not in str(caught.value)
    assert "DSPYUI_MLFLOW__TRACKING_URI" in caught.value.hint
