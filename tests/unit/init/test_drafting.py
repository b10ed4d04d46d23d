"""Drafting: the files of a new workspace, as texts and on the disk."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from dspyui_core.datasets import check_dataset
from dspyui_core.datasets.drafts.drafting import (
    NewFile,
    Wishes,
    draft_workspace,
    name_from,
    spec_text,
    write_all,
)
from dspyui_core.datasets.drafts.guessing import guess
from dspyui_core.errors import InputError, StoreError
from dspyui_core.spec import ProgramSpec, Section, read_spec
from support.tables import INBOX, INTENTS, MESSAGES, table

OFF = re.compile(r"^( *)#(?! \S)(.*)$", re.MULTILINE)


def wishes(folder: Path, name: str = "inbox") -> Wishes:
    return Wishes(name, folder / "data" / "inbox.csv", folder, "embedded/in-context")


def text_of(folder: Path, name: str = "inbox") -> str:
    return spec_text(guess(table(INBOX)), wishes(folder, name), folder=folder / "programs")


def test_the_drafted_spec_is_valid_and_reads_the_file_from_its_own_folder(tmp_path: Path) -> None:
    write_all(draft_workspace(guess(table(INBOX)), wishes(tmp_path)).files)

    spec = read_spec(tmp_path / "programs" / "inbox.yaml")

    assert spec.name == "inbox"
    assert [field.name for field in spec.fields] == ["text", "intent"]
    assert spec.dataset.sources[0].path.resolve() == tmp_path / "data" / "inbox.csv"


def test_the_drafted_spec_says_nothing_but_defaults_and_what_was_guessed(tmp_path: Path) -> None:
    write_all(draft_workspace(guess(table(INBOX)), wishes(tmp_path)).files)
    path = tmp_path / "programs" / "inbox.yaml"
    short = yaml.safe_load(path.read_text(encoding="utf-8"))
    minimal = {key: short[key] for key in ("name", "signature", "dataset")}
    other = tmp_path / "programs" / "minimal.yaml"
    other.write_text(yaml.safe_dump(minimal), encoding="utf-8")

    assert read_spec(path) == read_spec(other)


def test_every_key_stands_in_the_drafted_spec(tmp_path: Path) -> None:
    text = text_of(tmp_path)

    assert [key for key in _keys(ProgramSpec) if not re.search(rf"^[ #]*{key}:", text, re.M)] == []


def test_taking_every_comment_sign_away_leaves_the_same_valid_spec(tmp_path: Path) -> None:
    write_all(draft_workspace(guess(table(INBOX)), wishes(tmp_path)).files)
    path = tmp_path / "programs" / "inbox.yaml"
    all_on = path.with_name("all.yaml")
    all_on.write_text(OFF.sub(r"\1\2", path.read_text(encoding="utf-8")), encoding="utf-8")

    assert read_spec(all_on) == read_spec(path)


def test_the_label_values_stand_beside_the_label(tmp_path: Path) -> None:
    words = " ".join(text_of(tmp_path).replace("#", "").split())

    assert "now 3: address (10), delay (10), refund (10)" in words


def test_fields_with_other_names_are_mapped_to_their_columns(tmp_path: Path) -> None:
    found = guess(table({"The text": MESSAGES, "intent": INTENTS}))

    spec = draft_workspace(found, wishes(tmp_path)).spec

    assert dict(spec.dataset.columns) == {"the_text": "The text"}


def test_the_draft_can_be_checked_before_anything_is_written(tmp_path: Path) -> None:
    data = tmp_path / "data" / "inbox.csv"
    data.parent.mkdir()
    with data.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([INBOX, *zip(*INBOX.values(), strict=True)])

    report = check_dataset(draft_workspace(guess(table(INBOX)), wishes(tmp_path)).spec)

    assert report.rows == 30
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_name_that_no_program_can_have_is_told_with_one_that_can(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'My Inbox' is no name") as caught:
        draft_workspace(guess(table(INBOX)), wishes(tmp_path, "My Inbox"))

    assert "my-inbox" in caught.value.hint


@pytest.mark.parametrize(
    ("file", "name"),
    [("Support Inbox (2026).csv", "support-inbox-2026"), ("日本.csv", "program")],
)
def test_a_programs_name_is_made_of_the_files(file: str, name: str) -> None:
    assert name_from(Path(file)) == name


def test_the_home_is_ignored_without_touching_other_lines(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc", encoding="utf-8")

    write_all(draft_workspace(guess(table(INBOX)), wishes(tmp_path)).files)

    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "*.pyc\n.dspyui/\n"


def test_a_home_that_is_ignored_already_is_not_named_twice(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("/.dspyui\n", encoding="utf-8")

    draft = draft_workspace(guess(table(INBOX)), wishes(tmp_path))

    assert [file.path.name for file in draft.files] == ["inbox.yaml"]


def test_a_file_that_exists_is_named_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "programs" / "inbox.yaml"
    path.parent.mkdir()
    path.write_text("mine", encoding="utf-8")
    draft = draft_workspace(guess(table(INBOX)), wishes(tmp_path))

    with pytest.raises(InputError, match=r"inbox\.yaml: exists already") as caught:
        write_all(draft.files)

    assert "--force" in caught.value.hint
    assert path.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / ".gitignore").exists()


def test_force_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "program.yaml"
    path.write_text("mine", encoding="utf-8")

    write_all([NewFile(path, "new", replaces=True)], force=True)

    assert path.read_text(encoding="utf-8") == "new"


def test_where_one_file_cannot_be_written_none_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    files = [NewFile(tmp_path / "a.yaml", "a"), NewFile(tmp_path / "file" / "b.yaml", "b")]

    with pytest.raises(StoreError, match="cannot be written"):
        write_all(files)

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def _keys(model: type[Section]) -> list[str]:
    """Every key of a spec and of its sections; what stands in a value is not looked for."""
    keys = []
    for name, slot in model.model_fields.items():
        part = slot.annotation
        is_section = isinstance(part, type) and issubclass(part, Section)
        keys += [name, *(_keys(part) if is_section and name not in _VALUES else ())]
    return keys


_VALUES = ("module", "metric", "optimizer")
