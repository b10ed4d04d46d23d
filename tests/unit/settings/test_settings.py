"""Settings come from DSPYUI_* variables, with everything in the home by default."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from dspyui_core.errors import InputError
from dspyui_core.settings import Settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:

    for name in [name for name in os.environ if name.upper().startswith("DSPYUI_")]:
        monkeypatch.delenv(name)


def test_by_default_all_state_is_in_the_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    assert settings.store_url() == f"sqlite:///{tmp_path}/state.db"
    assert settings.tracking_uri() == f"sqlite:///{tmp_path}/mlflow/mlflow.db"
    assert settings.artifact_root() == f"file://{tmp_path}/mlflow/artifacts"


def test_a_relative_home_gives_absolute_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert Settings().store_url() == f"sqlite:///{tmp_path}/.dspyui/state.db"


def test_nested_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYUI_HOME", "/srv/flywheel")
    monkeypatch.setenv("DSPYUI_LM__THREADS", "3")
    monkeypatch.setenv("DSPYUI_MLFLOW__TRACKING_URI", "http://mlflow:5000")

    settings = Settings()

    assert settings.home == Path("/srv/flywheel")
    assert settings.lm.threads == 3
    assert settings.tracking_uri() == "http://mlflow:5000"


def test_links_to_mlflow_begin_where_people_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYUI_MLFLOW__TRACKING_URI", "http://mlflow:5000")
    before = Settings().mlflow_ui()
    monkeypatch.setenv("DSPYUI_MLFLOW__UI_URL", "https://mlflow.example")

    assert (before, Settings().mlflow_ui()) == ("http://mlflow:5000", "https://mlflow.example")


def test_the_store_url_with_its_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://someone:open-sesame@db/state"
    monkeypatch.setenv("DSPYUI_STORE__URL", url)

    settings = Settings()

    assert settings.store_url() == url
    assert "open-sesame" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("name", "value"),
    [("DSPYUI_LM__THREADS", "0"), ("DSPYUI_LM__THREADS", "many"), ("DSPYUI_SERVING__TLL", "3")],
)
def test_a_wrong_or_misspelt_setting_is_an_error(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InputError, match=name):
        Settings.read()


def test_a_wrong_store_setting_does_not_repeat_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYUI_STORE__ADDRESS", "postgresql://me:open-sesame@db/state")

    with pytest.raises(InputError, match="DSPYUI_STORE__ADDRESS") as caught:
        Settings.read()

    assert "open-sesame" not in str(caught.value)


def test_settings_are_not_changed_after_they_were_read() -> None:
    with pytest.raises(ValidationError):
        Settings().project = "other"
