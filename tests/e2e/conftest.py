"""Owns what the end-to-end tests share: one Prefect server, one prepared home, one trained one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.home import Home, Template, prepared


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with prepared(tmp_path_factory.mktemp("template")) as made:
        yield made


@pytest.fixture
def home(template: Template, tmp_path: Path) -> Home:
    """A fresh home of this test's own, with the tiny program beside it."""
    return template.copy(tmp_path)


@pytest.fixture(scope="session")
def trained(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one promoted turn, which no test changes."""
    home = template.copy(tmp_path_factory.mktemp("trained"))
    first = home.turn()
    assert first.code == 0, first.stderr
    return home


@pytest.fixture(scope="session")
def crew() -> Iterator[Callable[..., Any]]:
    """Submits work to a thread per core: most of a command's time is its own start-up."""
    with ThreadPoolExecutor(2) as pool:
        yield pool.submit
        pool.shutdown(cancel_futures=True)
