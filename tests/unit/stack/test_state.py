"""A home's stack is what its file says, held against the processes that live."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.stack.processes import MARK, Process
from deployments.stack.state import (
    Stack,
    clean,
    look,
    read_state,
    running,
    state_file,
    write_state,
)

GONE = Process(pid=os.getpid(), started="before this one")


def test_what_is_written_down_is_read_back(tmp_path: Path, stack: Stack) -> None:
    write_state(tmp_path, stack)

    assert read_state(tmp_path) == running(tmp_path) == look(tmp_path) == stack


def test_a_stack_whose_process_is_gone_has_died_with_all_its_services(
    tmp_path: Path, stack: Stack
) -> None:
    write_state(tmp_path, stack.model_copy(update={"process": GONE, "status": "up"}))

    found = look(tmp_path)

    assert found is not None
    assert found.status == "died"
    assert {service.status for service in found.services} == {"ended"}
    assert running(tmp_path) is None


def test_a_stack_that_failed_to_start_says_so_for_ever(tmp_path: Path, stack: Stack) -> None:
    failed = stack.model_copy(update={"process": GONE, "status": "failed", "problem": "no room"})
    write_state(tmp_path, failed)

    assert look(tmp_path) == failed


@pytest.mark.parametrize("text", ["", "{", '{"mark": 1}', '["a list"]'])
def test_a_file_that_cannot_be_read_is_no_stack(tmp_path: Path, text: str) -> None:
    state_file(tmp_path).write_text(text)

    assert look(tmp_path) is None


def test_cleaning_up_ends_what_a_killed_stack_left_behind(tmp_path: Path, stack: Stack) -> None:
    announced = tmp_path / "prefect" / "server.json"
    announced.parent.mkdir()
    announced.write_text("{}")
    write_state(tmp_path, stack.model_copy(update={"process": GONE}))
    command = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, env={**os.environ, MARK: f"{stack.mark}.worker"}) as left:
        assert clean(tmp_path) == [left.pid]
        assert left.wait(5) == -9

    assert look(tmp_path) is None
    assert not announced.exists()
