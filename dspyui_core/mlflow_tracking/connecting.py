"""Connecting to MLflow: the client, an experiment of one program, and addresses in its UI."""

from __future__ import annotations

import logging
import os
import sqlite3
import ssl
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import mlflow
from filelock import FileLock
from mlflow.exceptions import MlflowException
from mlflow.telemetry import set_telemetry_client
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from dspyui_core.errors import StoreError
from dspyui_core.store.shared_lock import shared_opening_lock

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_CHATTY = ("alembic", "mlflow.store.db.utils")
_DEFAULT_UI = "http://127.0.0.1:5000"
KNOCK_SECONDS = 10.0


def open_client(tracking_uri: str) -> mlflow.MlflowClient:
    """A client of this tracking server or database, for runs and registry alike.

    A new SQLite database is made with its folders (3-11 s of migrations); no global state of
    MLflow is touched. Raises StoreError where the database cannot be opened or written.
    """
    _quieten()
    try:
        database = _sqlite_file(tracking_uri)
        if database is None:
            _knock(tracking_uri)
            return _opened(tracking_uri)
        database.parent.mkdir(parents=True, exist_ok=True)
        # Two processes that open a fresh home at once would both create the tables.
        with FileLock(database.with_name(f"{database.name}.lock")):
            _write_ahead(database)
            return _client(tracking_uri)
    except (ImportError, OSError, sqlite3.Error, SQLAlchemyError, MlflowException) as error:
        raise _cannot_open(tracking_uri, error) from error


def require_answer(tracking_uri: str) -> None:
    """Raise StoreError at once where an MLflow server does not answer; a database may pass.

    For who cannot wait: MLflow itself tries again for four minutes.
    """
    try:
        _knock(tracking_uri)
    except OSError as error:
        raise _cannot_open(tracking_uri, error) from error


def init_mlflow(
    tracking_uri: str, experiment_name: str, *, artifact_root: str | None = None
) -> mlflow.MlflowClient:
    """For notebooks: open a client and make it and the experiment MLflow's global ones."""
    client = open_client(tracking_uri)
    experiment(client, experiment_name, artifact_root)
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(experiment_name)
    return client


def experiment(client: mlflow.MlflowClient, name: str, artifact_root: str | None = None) -> str:
    """The id of the experiment with this name, made where it is new.

    `artifact_root` is a URI or a folder; a new experiment keeps its artifacts below it.
    Raises StoreError for an experiment that was deleted in MLflow.
    """
    found = client.get_experiment_by_name(name)
    if found is None:
        found = _new_experiment(client, name, artifact_root)
    if found.lifecycle_stage != "active":
        raise StoreError(
            f"the MLflow experiment {name!r} was deleted",
            hint=f"bring it back with: mlflow experiments restore -x {found.experiment_id}",
        )
    return str(found.experiment_id)


def get_mlflow_ui_url(
    experiment_id: str | None = None,
    model_name: str | None = None,
    model_version: int | None = None,
    *,
    run_id: str | None = None,
    base_url: str = _DEFAULT_UI,
) -> str:
    """The address of a model version, a model, a run or an experiment in MLflow's UI.

    `base_url` is a tracking URI; where it is no web address, the one of `mlflow ui` is taken.
    """
    base = base_url.rstrip("/") if urlsplit(base_url).scheme in ("http", "https") else _DEFAULT_UI
    if model_name is not None:
        model = f"{base}/#/models/{quote(model_name, safe='')}"
        return model if model_version is None else f"{model}/versions/{model_version}"
    if experiment_id is None:
        return f"{base}/#/experiments"
    page = f"{base}/#/experiments/{experiment_id}"
    return page if run_id is None else f"{page}/runs/{run_id}"


def is_missing(error: MlflowException) -> bool:
    """Whether MLflow says that the thing asked for does not exist."""
    return str(error.error_code) in ("RESOURCE_DOES_NOT_EXIST", "404")


def _new_experiment(
    client: mlflow.MlflowClient, name: str, artifact_root: str | None
) -> mlflow.entities.Experiment:
    location = None if artifact_root is None else f"{artifact_root.rstrip('/')}/{quote(name)}"
    try:
        return client.get_experiment(client.create_experiment(name, artifact_location=location))
    except MlflowException as error:
        # Somebody else made it between the look and the making.
        found = client.get_experiment_by_name(name)
        if found is None:
            raise StoreError(
                f"the MLflow experiment {name!r} cannot be made: {_first_line(error)}"
            ) from error
        return found


def _quieten() -> None:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    # MLflow chose on import; asked again under our setting it drops the telemetry client.
    set_telemetry_client()
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _cannot_open(tracking_uri: str, error: Exception) -> StoreError:
    return StoreError(
        f"MLflow at {_without_password(tracking_uri)} cannot be opened: {_first_line(error)}",
        hint="check that it exists and is writable, and that its MLflow is not newer; "
        "DSPYUI_MLFLOW__TRACKING_URI names it",
    )


def _knock(tracking_uri: str) -> None:
    """Raise OSError where no server is."""
    address = urlsplit(tracking_uri)
    if address.scheme not in ("http", "https"):
        return
    plain = address._replace(netloc=address.netloc.rpartition("@")[2], query="", fragment="")
    try:
        urlopen(f"{plain.geturl().rstrip('/')}/health", timeout=KNOCK_SECONDS).close()
    except HTTPError:
        return  # Somebody answers; what they make of our credentials MLflow will say.
    except URLError as error:
        if not isinstance(error.reason, ssl.SSLError):
            raise OSError(f"it does not answer: {error.reason}") from error
    except (ValueError, HTTPException) as error:
        raise OSError(f"it does not answer: {error}") from error


def _opened(tracking_uri: str) -> mlflow.MlflowClient:
    if not tracking_uri.startswith("postgresql"):
        return _client(tracking_uri)
    with shared_opening_lock(tracking_uri):
        return _client(tracking_uri)


def _client(tracking_uri: str) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


def _sqlite_file(tracking_uri: str) -> Path | None:
    if not tracking_uri.startswith("sqlite"):
        return None
    database = make_url(tracking_uri).database
    return None if database in (None, "", ":memory:") else Path(database)


def _write_ahead(database: Path) -> None:
    # The mode stays with the file: readers no longer block the writer, and writes are faster.
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if mode != "wal":
            connection.execute("PRAGMA journal_mode=WAL")


def _without_password(uri: str) -> str:
    try:
        return make_url(uri).render_as_string(hide_password=True)
    except ArgumentError:
        return uri.rsplit("@", 1)[-1]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
