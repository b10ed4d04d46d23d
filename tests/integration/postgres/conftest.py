"""One PostgreSQL server for the session, and the tables of the state database, empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from dspyui_core.store.engine import open_engine
from dspyui_core.store.tables import METADATA
from support.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def fresh(postgres: Postgres) -> Iterator[str]:
    """The address of a database without any table."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with our tables."""
    name = postgres.create()
    open_engine(postgres.url(name)).dispose()
    return name


@pytest.fixture
def address(postgres: Postgres, migrated: str) -> str:
    """The address of a database with our tables, empty: emptying is faster than making one."""
    tables = ", ".join(f'"{table.name}"' for table in METADATA.sorted_tables)
    postgres.execute(f"TRUNCATE {tables} RESTART IDENTITY", database=migrated)
    return postgres.url(migrated)


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    opened = open_engine(address)
    yield opened
    opened.dispose()
