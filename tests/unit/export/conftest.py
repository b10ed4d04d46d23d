"""A state database, a journal to write in and an exporter that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dspyui_core.data_exporter import DataExporter
from dspyui_core.store.journal import Journal
from dspyui_core.store.watermarks import Watermarks
from support.states import fresh_engine
from unit.export.diary import START, Diary


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with fresh_engine(tmp_path) as opened:
        yield opened


@pytest.fixture
def days() -> list[datetime]:
    return [START]


@pytest.fixture
def journal(engine: Engine, days: list[datetime]) -> Journal:
    return Journal(engine, now=lambda: days[-1])


@pytest.fixture
def diary(journal: Journal, days: list[datetime]) -> Diary:
    return Diary(journal, days)


@pytest.fixture
def exporter(journal: Journal, engine: Engine) -> DataExporter:
    return DataExporter(journal, Watermarks(engine))
