"""The demonstration's home: fresh, and deaf to the user's own settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployments.demo.example import demo_home, support_routing
from dspyui_core.errors import InputError
from dspyui_core.settings import Settings


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the demonstration does to the environment ends with the test."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


def test_the_home_is_removed_at_the_end() -> None:
    with demo_home(None) as home:
        (home / "state.db").touch()

    assert not home.exists()


def test_a_home_to_keep_stays(tmp_path: Path) -> None:
    with demo_home(tmp_path / "kept") as home:
        home.mkdir()

    assert home.is_dir()


@pytest.mark.parametrize("there", ["a file", "a folder with something in it"])
def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path, there: str) -> None:
    taken = tmp_path / "taken"
    if there == "a file":
        taken.write_text("mine")
    else:
        taken.mkdir()
        (taken / "mine").touch()

    with pytest.raises(InputError, match="not an empty folder"), demo_home(taken):
        pass

    assert taken.is_file() or [path.name for path in taken.iterdir()] == ["mine"]


def test_the_users_own_databases_and_servers_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DSPYUI_STORE__URL", "sqlite:////somewhere/production.db")
    monkeypatch.setitem(os.environ, "DSPYUI_MLFLOW__TRACKING_URI", "http://production:5000")
    monkeypatch.setitem(os.environ, "PREFECT_API_URL", "http://production:4200/api")

    with demo_home(None) as home:
        settings = Settings.read()

        assert settings.store_url() == f"sqlite:///{home / 'state.db'}"
        assert str(home) in settings.tracking_uri()
        assert "PREFECT_API_URL" not in os.environ


def test_the_example_is_where_the_command_looks_for_it() -> None:
    example = support_routing()

    assert example.spec.is_file()
    assert example.live.is_file()
    assert example.test.is_file()
