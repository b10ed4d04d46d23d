"""A state database and a diary for the dataset tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dspyui_core.store.engine import open_engine
from unit.datasets.helpers import Diary


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "state.db"
    open_engine(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def engine(migrated: Path, tmp_path: Path) -> Iterator[Engine]:
    path = shutil.copy(migrated, tmp_path / "state.db")
    opened = open_engine(f"sqlite:///{path}")
    yield opened
    opened.dispose()
