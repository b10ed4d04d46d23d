"""Completion: the shell is told what may follow, from files and words alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.cli.completion import program_names, ratings, spec_files
from deployments.cli.main import app
from dspyui_core.feedback import RATINGS

SPEC = "name: {}\nsignature:\n  inputs: {{text: str}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with two programs, a file of Prefect's and one that is no text."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "support.yaml").write_text(SPEC.format("support"))
    (tmp_path / "sorting.yml").write_text(SPEC.format("'sorting-mail'"))
    (tmp_path / "prefect.yaml").write_text("name: deployments\npull: []\n")
    (tmp_path / "broken.yaml").write_bytes(b"name: \xff\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(line: str, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> set[str]:
    """What bash is told when TAB is pressed at the end of a line."""
    patch.setenv("_DSPYUI_COMPLETE", "complete_bash")
    patch.setenv("COMP_WORDS", line)
    patch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    with pytest.raises(SystemExit) as ended:
        app(standalone_mode=False, prog_name="dspyui")
    assert ended.value.code == 0
    return set(capsys.readouterr().out.split())


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("dspyui run roll", {"rollback-model"}),
        ("dspyui model pro", {"promote"}),
        ("dspyui model show s", {"sorting-mail", "support"}),
        ("dspyui predict sup", {"support"}),
        ("dspyui run data-flywheel --program ", {"programs/support.yaml", "sorting.yml"}),
        ("dspyui program check prog", {"programs/support.yaml"}),
        ("dspyui export support --rating ", set(RATINGS)),
        ("dspyui export support --format j", {"json", "jsonl"}),
        ("dspyui feedback add tr-1 --rating thumbs_d", {"thumbs_down"}),
        ("dspyui export support --cons", {"--consumer"}),
    ],
)
def test_the_shell_is_told_what_may_follow(
    line: str,
    offered: set[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert completed(line, capsys, monkeypatch) == offered


def test_no_state_is_touched_by_completing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    completed("dspyui model show ", capsys, monkeypatch)

    assert not (folder / ".dspyui").exists()


def test_only_program_specs_are_offered(folder: Path) -> None:
    assert spec_files("") == ["programs/support.yaml", "sorting.yml"]
    assert program_names("") == ["sorting-mail", "support"]


def test_names_come_from_the_workspace(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("DSPYUI_WORKSPACE", str(folder))

    assert program_names("sup") == ["support"]


def test_specs_are_found_in_a_folder_that_is_being_typed(folder: Path) -> None:
    deep = folder / "far" / "away"
    deep.mkdir(parents=True)
    (deep / "other.yaml").write_text(SPEC.format("other"))

    assert spec_files("far/away/o") == ["far/away/other.yaml"]


def test_both_ratings_are_offered() -> None:
    assert ratings("") == list(RATINGS)
