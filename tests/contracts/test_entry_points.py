"""Every entry point that pyproject.toml declares resolves, and a catalog's entries have Options."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from contracts.source import pyproject
from dspyui_core.extensions import (
    CHECKS,
    METRICS,
    MODULES,
    OPTIMIZERS,
    PROMOTION_RULES,
    Catalog,
)

GROUPS: dict[str, dict[str, str]] = pyproject()["project"]["entry-points"]
CATALOGS = {
    catalog.group: catalog for catalog in (CHECKS, METRICS, MODULES, OPTIMIZERS, PROMOTION_RULES)
}
ENTRIES = [
    pytest.param(CATALOGS[group], name, target, id=f"{group}:{name}")
    for group, entries in GROUPS.items()
    for name, target in entries.items()
]


def _resolved(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def test_every_group_has_its_catalog() -> None:
    assert set(GROUPS) == set(CATALOGS)


@pytest.mark.parametrize(("catalog", "name", "target"), ENTRIES)
def test_an_entry_is_found_by_its_name(catalog: Catalog, name: str, target: str) -> None:
    assert catalog.get(name) is _resolved(target)


@pytest.mark.parametrize(("catalog", "name", "target"), ENTRIES)
def test_an_entry_has_options_that_reject_what_it_does_not_know(
    catalog: Catalog, name: str, target: str
) -> None:
    options = _resolved(target).Options

    assert issubclass(options, BaseModel)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        options.model_validate({"nobody_knows_this": 1})


def test_the_installed_package_has_the_entries_that_pyproject_declares() -> None:
    """Where this fails, install the package again: its metadata is older than pyproject.toml."""
    for group, declared in GROUPS.items():
        found = {entry.name: entry.value for entry in entry_points(group=group)}
        assert declared.items() <= found.items()


@pytest.mark.parametrize("target", pyproject()["project"]["scripts"].values())
def test_a_command_resolves_to_a_function(target: str) -> None:
    assert callable(_resolved(target))
