"""What the stack is made of where the settings name servers that run elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.stack.services import Service, services_of, worker_name
from dspyui_core.settings import MlflowSettings, Settings

GIVEN = {"PREFECT_API_URL": "https://prefect.example/api/"}


@pytest.fixture
def services(tmp_path: Path) -> dict[str, Service]:
    settings = Settings(
        home=tmp_path / "home",
        workspace=tmp_path,
        mlflow=MlflowSettings(tracking_uri="https://maria:secret@mlflow.example"),
    )
    return {found.name: found for found in services_of(settings, GIVEN)}


def test_the_stack_starts_in_the_order_of_what_needs_what(services: dict[str, Service]) -> None:
    names = list(services)

    assert names == ["Prefect", "MLflow", "deployments", "worker", "mirror"]
    for place, service in enumerate(services.values()):
        assert set(service.after) <= set(names[:place])


def test_servers_that_the_settings_name_are_used_and_not_started(
    services: dict[str, Service],
) -> None:
    prefect, mlflow = services["Prefect"], services["MLflow"]

    assert (prefect.elsewhere, mlflow.elsewhere) == (True, True)
    assert prefect.address == "https://prefect.example"
    assert services["worker"].environment["PREFECT_API_URL"] == GIVEN["PREFECT_API_URL"]


def test_the_links_of_a_run_lead_to_the_stacks_own_mlflow(services: dict[str, Service]) -> None:
    assert services["worker"].environment["DSPYUI_MLFLOW__UI_URL"] == services["MLflow"].address


def test_no_password_is_on_a_screen_or_a_command_line(services: dict[str, Service]) -> None:
    assert services["MLflow"].address == "https://mlflow.example"
    for service in services.values():
        assert "secret" not in f"{service.command} {service.address} {service.environment}"


def test_whoever_runs_our_code_works_in_the_workspace_and_does_not_import_from_it_first(
    services: dict[str, Service], tmp_path: Path
) -> None:
    for name in ("deployments", "worker", "mirror"):
        service = services[name]
        assert service.folder == tmp_path
        assert service.environment["PYTHONSAFEPATH"] == "1"
        assert service.environment["DSPYUI_HOME"] == str(tmp_path / "home")


def test_only_the_worker_has_processes_of_its_own_to_end_first(
    services: dict[str, Service],
) -> None:
    assert [name for name, found in services.items() if not found.by_kernel] == ["worker"]


def test_two_homes_on_one_machine_have_two_workers() -> None:
    assert worker_name(Path("/a")) != worker_name(Path("/b"))
