"""The doctor on settings, import names and pickle."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.doctor import databases, names
from deployments.doctor.environment import Variables
from deployments.doctor.names import ImportNames


def test_known_variables_are_listed() -> None:
    finding = Variables({"DSPYUI_HOME": "x", "DSPYUI_PROGRAM": "y", "PATH": "/bin"}).run()

    assert (finding.status, finding.found) == ("ok", "set: DSPYUI_HOME, DSPYUI_PROGRAM")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("DSPYUI_HOMES", "did you mean DSPYUI_HOME?"),
        ("DSPYUI_MLFLOW_TRACKING_URI", "did you mean DSPYUI_MLFLOW__TRACKING_URI?"),
        ("DSPYUI_ZZZ_QQQ", "unset DSPYUI_ZZZ_QQQ"),
    ],
)
def test_a_variable_that_nobody_reads_is_a_warning_with_the_nearest(given: str, meant: str) -> None:
    finding = Variables({given: "x"}).run()

    assert finding.status == "warn"
    assert meant in finding.remedy


def test_a_refused_value_fails_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYUI_LM__THREADS", "many")

    finding = Variables({"DSPYUI_LM__THREADS": "many"}).run()

    assert (finding.status, "DSPYUI_LM__THREADS" in finding.found) == ("fail", True)


def test_our_names_are_ours(tmp_path: Path) -> None:
    assert ImportNames([tmp_path], {"flows": ["dspyui"]}).run().status == "ok"


def test_a_folder_with_one_of_our_names_is_a_warning_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("", encoding="utf-8")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "deployments").mkdir()

    finding = ImportNames([tmp_path], {}).run()

    assert finding.status == "warn"
    assert f"{tmp_path / 'tasks.py'} has our name tasks" in finding.found
    assert f"{tmp_path / 'flows'} has our name flows" in finding.found
    assert "deployments" not in finding.found
    assert "rename" in finding.remedy


def test_a_package_that_installs_one_of_our_names_is_a_warning() -> None:
    finding = ImportNames([], {"tasks": ["dspyui", "task-runner"]}).run()

    assert (finding.status, "task-runner installs tasks" in finding.found) == ("warn", True)


def test_a_stranger_that_is_found_instead_of_ours_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "OWN_ROOT", tmp_path)

    finding = ImportNames([], {}).run()

    assert finding.status == "fail"
    assert "PYTHONPATH" in finding.remedy


@pytest.mark.parametrize(
    ("setting", "status"), [(None, "ok"), ("false", "ok"), ("true", "warn"), ("1", "warn")]
)
def test_only_an_allowed_unpickling_is_a_warning(setting: str | None, status: str) -> None:
    assert databases.Pickle(setting).run().status == status
