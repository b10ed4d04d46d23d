"""Owns what the end-to-end tests share: one Prefect server, one prepared home, one trained one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.home import Home, Template, prepared

SideBySide = Callable[[Callable[[str, Path], Any], Iterable[str]], Callable[[str], Any]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, warm: tuple[str, ...]) -> Iterator[Template]:
    with prepared(tmp_path_factory.mktemp("template"), warm) as made:
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
def crew() -> Iterator[ThreadPoolExecutor]:
    """A thread per core for commands side by side: most of their time is their own start-up."""
    with ThreadPoolExecutor(2) as pool:
        yield pool
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def side_by_side(
    crew: ThreadPoolExecutor,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> SideBySide:
    """Starts `work(name, folder)` for those names that a selected test of the module asks for."""
    wanted = {
        parameter
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
        for parameter in item.callspec.params.values()
    }

    def start(work: Callable[[str, Path], Any], names: Iterable[str]) -> Callable[[str], Any]:
        started = {
            name: crew.submit(work, name, tmp_path_factory.mktemp(name))
            for name in names
            if name in wanted
        }
        return lambda name: started[name].result()

    return start
