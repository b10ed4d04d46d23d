"""The pins that decide whether anything works; pyproject.toml and constraints.txt agree."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from contracts.source import ROOT, pyproject

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.+!]*")
# Newer FastAPI breaks the Prefect 3.8 server, newer SQLAlchemy its schedules; the others are what
# the core was written against.
NEEDED = {
    "dspy": ">=3.4,<3.5",
    "fastapi": ">=0.139,<0.151",
    "mlflow": ">=3.17,<3.18",
    "prefect": ">=3.8.8,<3.9",
    "sqlalchemy": ">=2.0,<2.1",
}
EXTRAS = ("", "cluster", "dask", "dev", "docs", "postgres")


def _lines() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _pinned() -> dict[str, str]:
    pairs = (line.split("==") for line in _lines())
    return {canonicalize_name(name): version for name, version in pairs}


def _required(extra: str = "") -> list[Requirement]:
    project = pyproject()["project"]
    named = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [Requirement(text) for text in named]


def test_constraints_are_plain_pins_without_addresses() -> None:
    assert not [line for line in _lines() if not PLAIN.fullmatch(line)]


def test_a_package_is_pinned_once() -> None:
    assert len(_pinned()) == len(_lines())


@pytest.mark.parametrize("name", NEEDED)
def test_a_pin_that_decides_is_pinned_and_required(name: str) -> None:
    (required,) = [r for r in _required() if canonicalize_name(r.name) == name]

    assert _pinned()[name] in SpecifierSet(NEEDED[name])
    assert required.specifier == SpecifierSet(NEEDED[name])


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_the_project_requires_is_what_is_pinned(extra: str) -> None:
    pinned = _pinned()

    for required in _required(extra):
        name = canonicalize_name(required.name)
        assert name in pinned, f"{name} is not pinned"
        assert required.specifier.contains(pinned[name]), f"{required} but {pinned[name]}"


@pytest.mark.parametrize("name", NEEDED)
def test_the_tests_run_on_the_pins(name: str) -> None:
    assert version(name) in SpecifierSet(NEEDED[name])


def test_nothing_is_required_from_an_address() -> None:
    assert not [str(r) for extra in EXTRAS for r in _required(extra) if r.url]
