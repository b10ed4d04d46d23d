"""Where files are that several hosts share, and how the addresses of databases are completed."""

from __future__ import annotations

import pytest

from dspyui_core.errors import InputError
from dspyui_core.settings import Settings

STORAGE = "DSPYUI_STORAGE__ARTIFACTS"


def test_one_address_moves_dataset_versions_and_artifacts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORAGE, "s3://flywheel/team/")

    settings = Settings.read()

    assert settings.dataset_address() == "s3://flywheel/team/datasets"
    assert settings.artifact_root() == "s3://flywheel/team/mlflow"


def test_without_it_both_are_in_the_home() -> None:
    settings = Settings.read()

    assert settings.dataset_address() is None
    assert settings.artifact_root().startswith("file://")


def test_artifacts_may_be_elsewhere_than_dataset_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORAGE, "s3://flywheel/team")
    monkeypatch.setenv("DSPYUI_MLFLOW__ARTIFACTS", "s3://record")

    assert Settings.read().artifact_root() == "s3://record"


@pytest.mark.parametrize("address", ["", "team", "/srv/team", "file:///srv/team", "s3:///team"])
def test_what_is_no_object_store_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORAGE, address)

    with pytest.raises(InputError, match=rf"{STORAGE}: is no address of an object store"):
        Settings.read()


def test_credentials_in_the_address_are_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(STORAGE, "s3://key:geheim@flywheel/team")

    with pytest.raises(InputError, match="holds credentials") as caught:
        Settings.read()

    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_mlflows_postgres_gets_the_driver_that_is_installed(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSPYUI_MLFLOW__TRACKING_URI", f"{scheme}://ana@db/mlflow")

    assert Settings.read().tracking_uri() == "postgresql+psycopg://ana@db/mlflow"
