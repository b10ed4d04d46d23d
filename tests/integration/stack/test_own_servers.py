"""The servers of a stack's own: on ports that are free, with nothing that only memory holds."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deployments.stack import services
from deployments.stack.services import Service, services_of
from dspyui_core.settings import Settings


def _services(folder: Path) -> dict[str, Service]:
    settings = Settings(home=folder / "home", workspace=folder)
    return {found.name: found for found in services_of(settings, {"PREFECT_API_URL": " "})}


def test_a_server_whose_usual_port_is_taken_is_at_another_and_all_others_know_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(services, "PREFECT_PORT", taken.getsockname()[1])

        found = _services(tmp_path)

        prefect = found["Prefect"]
        assert prefect.port not in (None, taken.getsockname()[1])
        for name in ("deployments", "runs", "worker", "mirror"):
            url = found[name].environment["PREFECT_API_URL"]
            assert url == f"http://127.0.0.1:{prefect.port}/api"


def test_what_killed_runs_left_is_looked_after_before_a_worker_comes(tmp_path: Path) -> None:
    found = _services(tmp_path)

    assert set(found["worker"].after) == {"Prefect", "MLflow", "deployments", "runs"}
    assert str(tmp_path / "home" / "prefect" / "concurrency_leases") in found["runs"].command
    assert "filesystem" in found["Prefect"].environment["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]
