"""Owns the proof that help and completion come on standard output, at once, and touch nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = "name: support\nsignature:\n  inputs: {text: str}\n"


# Each takes a second or more to import.
SLOW = ("dspy", "mlflow", "pandas", "prefect")
Said = Callable[..., str]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """What the command writes to standard output, with nothing on standard error.

    What takes long to import cannot be imported.
    """
    broken = tmp_path_factory.mktemp("broken")
    for name in SLOW:
        (broken / f"{name}.py").write_text("raise SystemExit(f'{__name__} is imported')\n")

    def said(folder: Path, *arguments: str, **environment: str) -> str:
        path = f"{broken}{os.pathsep}{ROOT}"
        env = {**os.environ, "PYTHONPATH": path, "HOME": str(folder), **environment}
        command = [sys.executable, "-m", "deployments.cli"]
        done = subprocess.run(
            [*command, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return done.stdout

    return said


@pytest.mark.parametrize("words", [(), ("run", "data-flywheel"), ("model",)])
def test_help_goes_to_standard_output(words: tuple[str, ...], said: Said, tmp_path: Path) -> None:
    page = said(tmp_path, *words, "--help")

    assert page.startswith(f"Usage: {' '.join(('dspyui', *words))}")
    assert list(tmp_path.iterdir()) == []


def test_the_shell_completes_through_the_command(said: Said, tmp_path: Path) -> None:
    (tmp_path / "support.yaml").write_text(SPEC)
    asked = {"_DSPYUI_COMPLETE": "complete_bash", "COMP_WORDS": "dspyui model show s"}

    assert said(tmp_path, COMP_CWORD="3", **asked).split() == ["support"]


def test_the_script_that_teaches_the_shell_asks_the_command(said: Said, tmp_path: Path) -> None:
    script = said(tmp_path, _DSPYUI_COMPLETE="source_bash")

    assert "complete -o default" in script
    assert "_DSPYUI_COMPLETE=complete_bash" in script


def test_a_reader_that_has_gone_and_a_closed_stream_cause_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m deployments.cli"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    script = f"{command} nosuch --json | true; {command} nosuch --json >&-; {command} --version >&-"

    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert done.stderr.count("No such command 'nosuch'") == 2
