"""Arrows go one way: the contracts of [tool.importlinter] hold, and they cover every module."""

from __future__ import annotations

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from contracts.source import PACKAGES, ROOT, pyproject

CONFIG = pyproject()["tool"]["importlinter"]
CORE = next(c for c in CONFIG["contracts"] if c.get("containers") == ["dspyui_core"])


def test_every_import_goes_downwards(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    # lint_imports puts the working directory on the path.
    monkeypatch.syspath_prepend(ROOT)

    code = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)

    assert code == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_all_four_packages_are_linted_and_installed() -> None:
    find = pyproject()["tool"]["setuptools"]["packages"]["find"]["include"]

    assert tuple(CONFIG["root_packages"]) == PACKAGES
    assert sorted(find) == sorted(f"{package}*" for package in PACKAGES)


def test_every_module_of_the_core_has_a_layer_and_siblings_are_separate() -> None:
    assert CORE["exhaustive"] is True
    assert "exhaustive_ignores" not in CORE
    assert not [layer for layer in CORE["layers"] if ":" in layer]


def test_the_only_sideways_import_is_between_the_doors_of_mlflow() -> None:
    allowed = [
        edge for contract in CONFIG["contracts"] for edge in contract.get("ignore_imports", [])
    ]

    assert allowed == ["dspyui_core.mlflow_loader -> dspyui_core.mlflow_registry"]
