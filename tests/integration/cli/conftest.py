"""A home with two turns behind it, and the command line in this very process."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployments.cli import output
from deployments.cli.main import app
from dspyui_core.workspace import Workspace
from support import tiny
from support.turns import take_turn

TRACE = f"tr-{1:032x}"
DATABASES = ("state.db", "mlflow/mlflow.db")


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Office:
    """A folder with a tiny program and its home, where commands are run."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def dspyui(self, *arguments: object) -> Said:
        """Run the command here and now."""
        self.capture.readouterr()
        words = [str(argument) for argument in arguments]
        code = output.exit_code(lambda: app(words, standalone_mode=False, prog_name="dspyui"))
        said = self.capture.readouterr()
        return Said(code, said.out, said.err)

    def state(self) -> dict[str, str]:
        """All that the databases hold, and what every other file of the folder holds."""
        rows = {name: _dump(self.home / name) for name in DATABASES}
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        others = (path for path in files if ".db" not in path.name)
        return rows | {str(path): path.read_bytes().hex() for path in others}


@pytest.fixture(scope="module")
def two_turns(tmp_path_factory: pytest.TempPathFactory, mlflow_template: Path) -> Path:
    """A folder whose program has a champion, a candidate that was not released, and feedback."""
    folder = tmp_path_factory.mktemp("two-turns")
    (folder / "home" / "mlflow").mkdir(parents=True)
    shutil.copy(mlflow_template, folder / "home" / "mlflow" / "mlflow.db")
    ws = Workspace.open(folder / "home")
    assert take_turn(ws, tiny.write_program(folder)).outcome == "promoted"
    assert take_turn(ws, tiny.write_program(folder, seed=3)).outcome == "inconclusive"
    answer = {"inputs": {"text": "a novel"}, "outputs": {"desk": "delta"}}
    ws.journal.append_prediction("desk", TRACE, answer, version=1)
    ws.feedback.record_feedback(TRACE, "thumbs_down", {"desk": "amber"}, user_id="ana")
    ws.close()
    return folder


@pytest.fixture
def office(
    two_turns: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Office]:
    """A copy of that folder, where nothing a test does is seen by another."""
    folder = tmp_path / "office"
    shutil.copytree(two_turns, folder)
    monkeypatch.setenv("DSPYUI_HOME", str(folder / "home"))
    monkeypatch.setenv("DSPYUI_USER", "ann")
    monkeypatch.chdir(folder)
    yield Office(folder, capfd)


def _dump(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())
