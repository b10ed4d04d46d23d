"""A real Prefect harness for the session, and a fresh home with a tiny program for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prefect.context import _temporary_global_settings_context, get_settings_context
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.prefect_server import drain_prefect
from dspyui_core.turn import TurnRequest
from dspyui_core.workspace import Workspace
from support import tiny
from support.prefect_process import prefect_process
from tasks import _workspace


@dataclass(frozen=True)
class Desk:
    """A home with a tiny program in it."""

    ws: Workspace
    folder: Path
    program: Path

    @property
    def request(self) -> TurnRequest:
        """The request of a turn."""
        return TurnRequest(program=self.program)

    def respec(self, **changes: Any) -> None:
        """Write the spec anew."""
        tiny.write_program(self.folder, **changes)

    def use(self, *, corrections: int) -> None:
        """Answer this many unseen messages, each corrected by a user."""
        for number, (text, desk) in enumerate(tiny.unseen()[:corrections]):
            answer = self.ws.predict("desk", {"text": text}, user_id="ana")
            self.ws.feedback.record_feedback(
                answer.trace_id, "thumbs_down", {"desk": desk}, idempotency_key=f"key-{number}"
            )


@pytest.fixture(scope="session", autouse=True)
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One Prefect server for all flow tests, which this process talks to from all of its threads.

    Not Prefect's own harness: another process may take the port that it found, before its server.
    """
    with (
        prefect_process(tmp_path_factory.mktemp("prefect"), os.environ, kind="own") as url,
        temporary_settings({PREFECT_API_URL: url}),
        _temporary_global_settings_context(get_settings_context()),
    ):
        yield
        drain_prefect()


@pytest.fixture
def desk(tmp_path: Path, mlflow_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A fresh home whose tasks and flows use it."""
    monkeypatch.setenv("DSPYUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DSPYUI_WORKSPACE", str(tmp_path))
    (tmp_path / "home" / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, tmp_path / "home" / "mlflow" / "mlflow.db")
    _workspace.workspace.cache_clear()
    yield Desk(_workspace.workspace(), tmp_path, tiny.write_program(tmp_path))
    _workspace.workspace().close()
    _workspace.workspace.cache_clear()
