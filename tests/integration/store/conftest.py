"""Fresh state databases, copied from one migrated template, and a clock that ticks by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dspyui_core.store.engine import open_engine

NOBODY = 65534


class Ticking:
    """A clock that moves one second per question."""

    def __init__(self) -> None:
        self.time = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "state.db"
    open_engine(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(template, tmp_path / "state.db"))


@pytest.fixture
def engine(database: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{database}")
    yield opened
    opened.dispose()


@pytest.fixture
def read_only_home(template: Path) -> Iterator[Path]:
    """A home with a database in it, where nothing can be written."""
    with _public_folder() as folder:
        shutil.copy(template, folder / "state.db")
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@pytest.fixture
def read_only_file(template: Path) -> Iterator[Path]:
    """A database that cannot be written, in a folder that can."""
    with _public_folder() as folder:
        path = Path(shutil.copy(template, folder / "state.db"))
        path.chmod(0o444)
        folder.chmod(0o777)
        yield path


@pytest.fixture
def ordinary_user(request: pytest.FixtureRequest) -> Iterator[None]:
    """File permissions count: root, for whom they do not, is nobody for one test."""
    for name in {"read_only_home", "read_only_file"} & set(request.fixturenames):
        request.getfixturevalue(name)
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


@contextmanager
def _public_folder() -> Iterator[Path]:
    """A folder that any user can reach, which pytest's own folders are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `python -c code *arguments` with the core importable; all are killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
