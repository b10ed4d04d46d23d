"""A state database for these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from support.states import fresh_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with fresh_engine(tmp_path) as opened:
        yield opened
