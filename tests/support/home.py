"""Owns the homes of the end-to-end tests: prepared once, copied per test, used by real commands."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dspyui_core.workspace import Workspace
from support import tiny
from support.prefect_process import prefect_process
from support.processes import environment_of

ROOT = Path(__file__).parents[2]
DATABASES = ("state.db", "mlflow/mlflow.db", "prefect/prefect.db")
# What the tests' own environment says of these is none of the command's business.
OTHERS = ("DSPYUI_", "PREFECT_", "MLFLOW_")


@dataclass(frozen=True)
class Finished:
    """A command that ended, or was killed: its process id, exit code and both its streams."""

    pid: int
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What it printed, which is one JSON document and nothing else."""
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Version:
    """A row of the registry."""

    number: int
    run_id: str


@dataclass(frozen=True)
class Home:
    """A DSPYUI_HOME and the folder its commands run in.

    `prefect_url` is the Prefect server that they use, if any; `python` starts a Python for them.
    """

    path: Path
    folder: Path
    prefect_url: str = ""
    python: tuple[str, ...] = (sys.executable,)

    def environment(self, **extra: str) -> dict[str, str]:
        """The commands' environment: this home, this source tree, and nothing else of ours."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OTHERS)}
        ours = {"DSPYUI_HOME": str(self.path), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
        server = {"PREFECT_API_URL": self.prefect_url} if self.prefect_url else {}
        return {**kept, **ours, **server, **extra}

    def alone(self) -> Home:
        """The same home where every command starts a Python and a Prefect server of its own."""
        return replace(self, prefect_url="", python=(sys.executable,))

    def dspyui(self, *arguments: object, **extra: str) -> Finished:
        """Run the command to its end; `extra` is added to its environment."""
        return self.run([*self.python, "-m", "deployments.cli", *map(str, arguments)], **extra)

    def turn(self, *arguments: object, **extra: str) -> Finished:
        """Run data-flywheel with --json on the tiny program."""
        started = ("run", "data-flywheel", "--program", "desk.yaml", "--json")
        return self.dspyui(*started, *arguments, **extra)

    def run(self, command: Sequence[str], *, stdin: str = "", **extra: str) -> Finished:
        """Run any command with this home's environment, in this home's folder."""
        with subprocess.Popen(
            command,
            env=self.environment(**extra),
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout=180)
            except BaseException:
                process.kill()
                raise
        return Finished(process.pid, process.returncode, stdout, stderr)

    def opened(self) -> Workspace:
        """The home as this process sees it."""
        return Workspace.open(self.path)

    def steps(self) -> dict[str, tuple[str, str]]:
        """What is recorded of every finished step: when, and its ref."""
        rows = self.query("state.db", "select name, at, ref from step order by at, rowid")
        return {name: (at, ref) for name, at, ref in rows}

    def turns(self) -> list[tuple[str, str | None]]:
        """Every turn's id and outcome, in order."""
        return self.query("state.db", "select turn_id, outcome from turn order by number")

    def report(self) -> dict[str, Any]:
        """The report of the first turn."""
        ((report,),) = self.query("state.db", "select report from turn where number = 1")
        return dict(json.loads(report))

    def decisions(self) -> list[tuple[str, int]]:
        """The ledger: verdict and version of each decision, in order."""
        return self.query("state.db", "select verdict, version from decision order by seq")

    def versions(self) -> list[Version]:
        """Every registered version."""
        found = self.query("mlflow/mlflow.db", "select version, run_id from model_versions")
        return [Version(*row) for row in found]

    def aliases(self) -> dict[str, int]:
        """The registry's aliases."""
        return dict(
            self.query("mlflow/mlflow.db", "select alias, version from registered_model_aliases")
        )

    def turn_runs(self) -> list[str]:
        """The MLflow runs that carry a turn's tag."""
        query = "select run_uuid from tags where key = 'dspyui.turn'"
        return [run for (run,) in self.query("mlflow/mlflow.db", query)]

    def query(self, database: str, sql: str) -> list[Any]:
        """The rows of a query on one of the home's SQLite files."""
        with closing(sqlite3.connect(self.path / database, timeout=30)) as connection:
            return connection.execute(sql).fetchall()

    def processes(self) -> list[int]:
        """Every living process that was started for this home, whoever its parent is now."""
        mark = f"DSPYUI_HOME={self.path}".encode()
        numbers = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
        return [pid for pid in numbers if mark in environment_of(pid)]


@dataclass(frozen=True)
class Template:
    """A home whose databases are migrated, and what runs for the session.

    That is a Prefect server, and a warm Python, which has imported the libraries.
    """

    home: Path
    prefect_url: str
    python: tuple[str, ...]

    def copy(self, folder: Path, **changes: Any) -> Home:
        """A fresh home in `folder`, beside a workspace with the tiny program (spec `changes`)."""
        home, workspace = folder / "home", folder / "workspace"
        workspace.mkdir(parents=True)
        for name in DATABASES:
            _copy_database(self.home / name, home / name)
        tiny.write_program(workspace, **changes)
        return Home(home, workspace, self.prefect_url, self.python)


@contextmanager
def prepared(folder: Path, python: tuple[str, ...]) -> Iterator[Template]:
    """Make the template in `folder`; its Prefect server runs while the block does."""
    home = Home(folder / "home", folder)
    files = home.path / "prefect"
    files.mkdir(parents=True)
    with prefect_process(files, home.environment(), kind="bare") as url:
        _migrate(home.path)
        yield Template(home.path, url, python)


def _migrate(home: Path) -> None:
    workspace = Workspace.open(home)
    assert workspace.client is not None
    assert workspace.engine is not None
    workspace.close()


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database that may be in use, with what its write-ahead log holds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
