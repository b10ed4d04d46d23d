"""What `dspyui deploy` says, and where it deploys to."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.cli.deploy import deploy, words
from deployments.provisioning import Provisioned
from dspyui_core.errors import ServerError


def done(**pieces: tuple[str, ...]) -> Provisioned:
    programs = ("support",) if pieces else ()
    url, folder = "http://127.0.0.1:4200/api", Path("/srv/support")
    return Provisioned(api_url=url, workspace=folder, programs=programs, **pieces)


def test_what_changed_is_told_piece_by_piece_and_the_rest_as_a_number() -> None:
    told = words(done(created=("limit a",), removed=("limit b",), unchanged=("c", "d")))

    assert told.splitlines() == [
        "http://127.0.0.1:4200/api: support",
        "  created   limit a",
        "  removed   limit b",
        "  unchanged 2 others",
    ]


def test_a_workspace_without_a_spec_is_told_what_to_write() -> None:
    assert "no program: write a spec into programs/" in words(done())


def test_a_dry_run_says_that_it_is_one() -> None:
    told = words(done(created=("limit a",)).model_copy(update={"dry_run": True}))

    assert told.endswith("dry run: nothing was changed")


@pytest.mark.parametrize("dry_run", [False, True])
def test_without_a_server_it_says_how_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ServerError, match="no Prefect server to deploy to") as caught:
        deploy(dry_run=dry_run)

    assert list(tmp_path.iterdir()) == []
    assert "dspyui up" in caught.value.hint
