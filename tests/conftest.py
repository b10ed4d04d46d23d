"""What every test starts from: its own home, a clean environment, and no network in unit tests."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

from support.warm import warm_python

UNIT = Path(__file__).parent / "unit"
# The libraries read these when they are imported: no telemetry, no bars, no price list by network.
QUIET = {
    "DO_NOT_TRACK": "1",
    "GIT_PYTHON_REFRESH": "quiet",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "TQDM_DISABLE": "1",
}
# A developer's own servers are none of a test's business.
FOREIGN = ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI", "PREFECT_API_KEY", "PREFECT_API_URL")


def pytest_configure() -> None:
    """Quieten the libraries before anybody imports them, and bound what hypothesis may try."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    settings.register_profile("tier", max_examples=25, deadline=None)
    settings.load_profile("tier")


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """How a Python is started that has imported the libraries already."""
    with warm_python(tmp_path_factory.mktemp("warm")) as python:
        yield python


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of the test's own, and no setting or server of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("DSPYUI_") or name in FOREIGN]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DSPYUI_HOME", str(tmp_path / ".dspyui"))
    _forget_workspace()
    yield
    _forget_workspace()


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A command that runs in this process takes the flywheel's log for itself."""
    log = logging.getLogger("dspyui")
    before = (list(log.handlers), log.level, log.propagate)
    yield
    log.handlers, log.level, log.propagate = before


@pytest.fixture(autouse=True)
def no_network_in_unit_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """A unit test that opens a socket fails; Unix sockets, which event loops use, may be opened."""
    if UNIT not in request.path.parents:
        yield
        return
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(scope="session")
def mlflow_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database whose seconds of migrations are done: copy it to start at once."""
    from dspyui_core.mlflow_tracking import open_client

    path = tmp_path_factory.mktemp("template") / "new" / "mlflow.db"
    open_client(f"sqlite:///{path}").search_experiments()
    with closing(sqlite3.connect(path)) as connection:
        # What is still in the write-ahead log would not be copied.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def _forget_workspace() -> None:
    # Importing the tasks costs seconds; what was never imported holds no workspace.
    edge = sys.modules.get("tasks._workspace")
    if edge is not None:
        edge.workspace.cache_clear()
