"""`dspyui backup` and `dspyui restore`: what they print, and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from dspyui_core.upkeep.places import move_places
from integration.cli.conftest import Office


@pytest.fixture
def settled(office: Office, two_turns: Path) -> Office:
    """The office with its models where its home is."""
    mlflow = office.home / "mlflow" / "mlflow.db"
    move_places(mlflow, two_turns / "home", office.home)
    return office


def test_a_backup_and_the_home_that_it_becomes_are_told(
    settled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = settled.dspyui("backup", "a.tar")
    monkeypatch.setenv("DSPYUI_HOME", "restored")
    restored = settled.dspyui("restore", "a.tar")

    assert (made.code, restored.code) == (0, 0)
    inside = made.out.splitlines()[1:]
    assert made.out.startswith(str(settled.folder / "a.tar"))
    assert inside[0] == "  journal up to position 2: predictions 1, feedback 1"
    assert restored.out.startswith(str(settled.folder / "restored"))
    assert restored.out.splitlines()[1:] == [*inside, "  desk version 1 loads"]
    assert settled.dspyui("model", "show", "desk").code == 0


def test_both_print_one_document_with_the_same_contents(
    settled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = settled.dspyui("backup", "a.tar", "--json").json
    monkeypatch.setenv("DSPYUI_HOME", "restored")
    restored = settled.dspyui("restore", "a.tar", "--json").json

    assert made["contents"]["champions"] == {"desk": 1}
    assert restored["backup"]["contents"] == made["contents"]
    assert restored["champions"] == [{"program": "desk", "version": 1, "problem": ""}]


def test_a_dry_run_of_either_tells_and_writes_nothing(
    settled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settled.state()
    plan = settled.dspyui("backup", "a.tar", "--dry-run", "--json")
    assert plan.json["dry_run"] is True
    assert settled.state() == before

    made = settled.dspyui("backup", "a.tar", "--json").json
    monkeypatch.setenv("DSPYUI_HOME", "restored")
    seen = settled.dspyui("restore", "a.tar", "--dry-run", "--json").json

    assert plan.json["files"] == made["files"]
    assert seen["contents"] == made["contents"]
    assert settled.dspyui("restore", "a.tar", "--dry-run").out.endswith("nothing was written\n")
    assert not (settled.folder / "restored").exists()


def test_what_is_not_in_a_partial_backup_is_shouted(
    settled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSPYUI_MLFLOW__TRACKING_URI", "http://mlflow.example:5000")

    refused = settled.dspyui("backup", "a.tar")
    made = settled.dspyui("backup", "a.tar", "--partial")

    assert refused.code == 2
    assert "--partial" in refused.err
    assert "NOT in it: MLflow: http://mlflow.example:5000" in made.out


def test_a_champion_that_does_not_load_is_an_exit_code(
    settled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in settled.home.rglob("program.json"):
        program.unlink()
    settled.dspyui("backup", "a.tar")
    monkeypatch.setenv("DSPYUI_HOME", "restored")

    restored = settled.dspyui("restore", "a.tar")

    assert restored.code == 1
    assert "desk version 1 does NOT load" in restored.out


def test_a_restore_onto_a_home_in_use_is_bad_usage_and_changes_nothing(settled: Office) -> None:
    settled.dspyui("backup", "a.tar")
    before = settled.state()

    refused = settled.dspyui("restore", "a.tar")

    assert refused.code == 2
    assert "set DSPYUI_HOME" in refused.err
    assert settled.state() == before
