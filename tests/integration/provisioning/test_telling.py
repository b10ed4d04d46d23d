"""Feedback is taken whether or not a Prefect server hears of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.events import launcher
from dspyui_core.settings import Settings
from dspyui_core.workspace import Workspace
from support.receivers import web_receiver


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"


def opened(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("PREFECT_API_URL", address)
    settings = Settings(home=folder / "home")
    return Workspace.open(settings=settings, launcher=launcher(settings))


def rate(ws: Workspace) -> int:
    """The position of a rating of an answer."""
    trace = ws.record_prediction("support", {"text": "hi"}, {"topic": "a"})
    assert trace is not None
    return ws.feedback.record_feedback(trace, "thumbs_up").position


def test_a_server_that_is_busy_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_receiver(503, 503) as (address, posted):
        ws = opened(address, tmp_path, monkeypatch)

        position = rate(ws)

        assert ws.launcher.flush(30)
    ((event,),) = posted
    assert event["payload"]["position"] == position


def test_nobody_waits_for_a_server_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hanging: str
) -> None:
    ws = opened(hanging, tmp_path, monkeypatch)
    rate(ws)

    start = time.monotonic()
    positions = [rate(ws) for _ in range(20)]

    assert time.monotonic() - start < 10
    assert ws.journal.last_position("support") == positions[-1]
    assert not ws.launcher.flush(0.1)


def test_the_command_records_feedback_while_its_server_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hanging: str
) -> None:
    ws = Workspace.open(tmp_path / "home")
    trace = ws.record_prediction("support", {"text": "hi"}, {"topic": "a"})
    env = {**os.environ, "DSPYUI_HOME": str(tmp_path / "home"), "PREFECT_API_URL": hanging}
    command = [sys.executable, "-m", "deployments.cli", "feedback", "add", str(trace)]

    done = subprocess.run(
        [*command, "--rating", "thumbs_up"], env=env, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "recorded at position 2 for support\n"


def test_telling_a_server_does_not_import_prefect() -> None:
    asked = "import sys, deployments.events as e; e.launcher(); print('prefect' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
