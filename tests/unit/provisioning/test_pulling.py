"""Where a deployed run works: the deployed folder, or this host's own copy of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.provisioning.pulling import enter_workspace
from dspyui_core.errors import InputError


def test_the_folder_that_was_deployed_is_where_a_run_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deployed").mkdir()
    monkeypatch.setenv("DSPYUI_WORKSPACE", str(tmp_path))

    entered = enter_workspace(str(tmp_path / "deployed"))

    assert entered == {"directory": str(tmp_path / "deployed")}
    assert Path.cwd() == tmp_path / "deployed"


def test_a_host_without_that_folder_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("DSPYUI_WORKSPACE", str(tmp_path / "own"))

    enter_workspace(str(tmp_path / "another-host"))

    assert Path.cwd() == tmp_path / "own"


def test_a_host_with_neither_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSPYUI_WORKSPACE", str(tmp_path / "gone"))

    with pytest.raises(InputError, match=r"another-host' and no .*gone.*set DSPYUI_WORKSPACE"):
        enter_workspace(str(tmp_path / "another-host"))
