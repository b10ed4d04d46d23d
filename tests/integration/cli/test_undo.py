"""Undoing in one step: a rollback is served within seconds; dead processes, deleted versions."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO

import pytest

from dspyui_core.settings import ServingSettings
from dspyui_core.turn import TurnRequest, open_turn
from dspyui_core.workspace import Workspace
from integration.cli.conftest import Office
from support import tiny
from support.home import ROOT
from support.turns import take_turn

KILL_AT = str(ROOT / "tests" / "support" / "kill_at.py")
# A server with the settings that everybody has: it answers once for each line.
SERVER = """
import sys
from dspyui_core.workspace import Workspace

ws = Workspace.open()
for line in sys.stdin:
    print(ws.predict("desk", {"text": "a novel"}).version, flush=True)
"""
SECONDS = 10.0


@pytest.fixture
def two_champions(office: Office) -> Office:
    """The office where version 2 serves, and version 1 did before."""
    assert office.dspyui("model", "register", "desk-0002").code == 0
    assert office.dspyui("model", "promote", "desk", 2, "-r", "a try").code == 0
    return office


@pytest.fixture
def server(two_champions: Office) -> Iterator[subprocess.Popen[str]]:
    """Another process that serves from the office's home."""
    command = [sys.executable, "-c", SERVER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        yield process
        process.kill()


def served(server: subprocess.Popen[str]) -> int:
    """The version that answers now."""
    asking, answering = server.stdin, server.stdout
    assert asking is not None
    assert answering is not None
    _write(asking)
    return int(answering.readline())


def _write(stream: IO[str]) -> None:
    stream.write("\n")
    stream.flush()


def test_a_rollback_is_served_by_another_process_within_seconds(
    two_champions: Office, server: subprocess.Popen[str]
) -> None:
    assert served(server) == 2
    two_champions.dspyui("model", "rollback", "desk", "-r", "complaints")

    start = time.monotonic()
    while served(server) != 1 and time.monotonic() - start < SECONDS:
        time.sleep(0.1)

    assert served(server) == 1
    assert time.monotonic() - start < SECONDS
    assert ServingSettings().ttl <= SECONDS / 2


def test_kill_9_between_ledger_and_alias_leaves_a_promotion_that_the_next_command_shows(
    office: Office,
) -> None:
    office.dspyui("model", "register", "desk-0002")
    words = ["model", "promote", "desk", "2", "--reason", "a try"]
    command = [sys.executable, KILL_AT, "before-alias", *words]
    killed = subprocess.run(command, cwd=ROOT, check=False)
    ws = Workspace.open(office.home)
    assert ws.client.get_registered_model("desk").aliases["champion"] == 1

    shown = office.dspyui("model", "show", "desk", "--json").json

    assert killed.returncode == -signal.SIGKILL
    assert [v["stage"] for v in shown["versions"]] == ["Archived", "Production"]
    assert [d["kind"] for d in shown["decisions"]] == ["promotion", "turn", "turn"]
    assert ws.releases.hold("desk") == ""
    ws.close()


def test_a_deleted_champion_is_told_and_one_rollback_brings_back_the_one_before(
    two_champions: Office,
) -> None:
    ws = Workspace.open(two_champions.home)
    ws.client.delete_model_version("desk", "2")
    refused = two_champions.dspyui("predict", "desk", "--input", "text=a novel")

    back = two_champions.dspyui("model", "rollback", "desk", "-r", "it is gone", "--json").json

    assert refused.code == 2
    assert "'desk' has no champion" in refused.err
    assert back["version"] == 1
    assert back["reasons"] == ["it is gone", "version 2 is deleted in MLflow"]
    assert two_champions.dspyui("predict", "desk", "--input", "text=a novel").code == 0
    ws.close()


def test_a_turn_whose_champion_is_deleted_is_closed_and_the_next_asks_a_person(
    office: Office,
) -> None:
    ws = Workspace.open(office.home)
    spec = tiny.write_program(office.folder, seed=4)
    assert open_turn(ws, TurnRequest(program=spec)).turn_id == "desk-0003"
    ws.client.delete_model_version("desk", "1")

    turn = take_turn(ws, spec)

    assert (turn.turn, turn.outcome) == ("desk-0004", "awaiting-approval")
    assert ws.turns.get("desk-0003").outcome == "abandoned"
    assert ws.releases.champion("desk") is None
    ws.close()
