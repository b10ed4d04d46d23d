"""A backup becomes a home whole or not at all, and only where it is what was backed up."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dspyui_core.errors import InputError, StoreError
from dspyui_core.settings import Settings
from dspyui_core.store.schema import HEAD
from dspyui_core.upkeep import back_up, inspect_backup, restore_home
from dspyui_core.workspace import Workspace
from integration.upkeep.backups import Change, home_at, killed, restored_at, rewritten
from integration.upkeep.conftest import Desk
from support.stored_home import made_of, write_program

STORED = Path(__file__).parents[1] / "store" / "homes"
Member = tuple[tarfile.TarInfo, bytes]


@pytest.fixture(scope="module")
def file(learned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a home with two turns."""
    return back_up(home_at(learned / "home"), tmp_path_factory.mktemp("safe") / "a.tar").path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where it is to be restored."""
    return tmp_path / "place" / "home"


def test_a_look_at_a_backup_says_what_is_in_it_and_writes_nothing(file: Path, home: Path) -> None:
    seen = inspect_backup(home_at(home), file)

    assert seen.contents.revision == HEAD
    assert seen.contents.champions["desk"] in (1, 2)
    assert not home.parent.exists()
    assert restore_home(home_at(home), file).backup == seen


def test_an_empty_folder_becomes_the_home(file: Path, home: Path) -> None:
    home.mkdir(parents=True)

    assert restored_at(home, file).releases.hold("desk") == ""


def test_a_folder_with_something_in_it_stays_as_it_is(file: Path, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "letter.txt").write_text("to my aunt")

    for refused in (restore_home, inspect_backup):
        with pytest.raises(InputError, match="nothing of it is overwritten"):
            refused(home_at(home), file)

    assert [path.name for path in home.parent.rglob("*")] == ["home", "letter.txt"]


def test_settings_that_name_other_places_are_refused(file: Path, home: Path) -> None:
    elsewhere: Any = {"store": {"url": "sqlite:////srv/state.db"}}
    elsewhere["mlflow"] = {"tracking_uri": "http://mlflow.example:5000"}

    with pytest.raises(InputError) as caught:
        restore_home(Workspace(Settings(home=home, **elsewhere)), file)

    assert [problem.column for problem in caught.value.problems] == [
        "DSPYUI_STORE__URL",
        "DSPYUI_MLFLOW__TRACKING_URI",
    ]


def test_a_backup_without_its_mlflow_is_restored_beside_that_mlflow(
    desk: Desk, tmp_path: Path, home: Path
) -> None:
    away: Any = {"mlflow": {"tracking_uri": "http://mlflow.example:5000"}}
    ws = Workspace(Settings(home=desk.ws.home, **away))
    made = back_up(ws, tmp_path / "a.tar", partial=True)

    restored = restore_home(Workspace(Settings(home=home, **away)), made.path)

    assert restored.backup.elsewhere == ("MLflow: http://mlflow.example:5000",)
    assert restored.champions == ()
    assert not (home / "mlflow" / "mlflow.db").exists()
    assert (home / "state.db").exists()


def test_dataset_versions_that_would_not_be_used_are_not_restored(file: Path, home: Path) -> None:
    storage: Any = {"storage": {"artifacts": "s3://flywheel/team"}}

    with pytest.raises(InputError, match="DSPYUI_STORAGE__ARTIFACTS"):
        restore_home(Workspace(Settings(home=home, **storage)), file)

    assert not home.exists()


def test_a_champion_that_does_not_load_is_told(desk: Desk, tmp_path: Path, home: Path) -> None:
    for program in desk.ws.home.rglob("program.json"):
        program.unlink()

    restored = restore_home(home_at(home), back_up(desk.ws, tmp_path / "a.tar").path)

    assert not restored.serves
    assert "program.json" in restored.champions[0].problem


def test_every_address_in_mlflow_that_lay_in_the_old_home_lies_in_the_new_one(
    file: Path, home: Path, learned: Path
) -> None:
    restored_at(home, file)

    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as connection:
        texts = "\n".join(connection.iterdump())
    assert str(learned) not in texts
    assert home.as_uri() in texts


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_file_that_breaks_off_is_refused(file: Path, home: Path, share: float) -> None:
    with tarfile.open(file) as tar:
        within_the_manifest = tar.getmembers()[-1].offset_data + 100
    short = home.parent.parent / "short.tar"
    short.write_bytes(file.read_bytes()[: int(within_the_manifest * share)])

    _refused(short, home, "no whole backup")


def test_one_changed_byte_of_any_member_is_noticed(file: Path, home: Path) -> None:
    for number, name in enumerate(_members(file)[:-1]):

        def flips(member: tarfile.TarInfo, content: bytes, name: str = name) -> Iterator[Member]:
            if member.name == name:
                content = bytes([content[0] ^ 1]) + content[1:]
            yield member, content

        _refused(rewritten(file, flips, str(number)), home, "is not what was backed up")


def test_a_file_that_is_no_backup_is_refused(tmp_path: Path, home: Path) -> None:
    letter = tmp_path / "letter.tar"
    letter.write_text("to my aunt " * 1000)
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        tar.addfile(tarfile.TarInfo("home/state.db"), io.BytesIO(b""))

    _refused(letter, home, "no whole backup")
    _refused(other, home, "does not end with a manifest")
    _refused(tmp_path / "none.tar", home, "there is no file")


def _added(name: str, kind: bytes = tarfile.REGTYPE) -> Change:
    def adds(member: tarfile.TarInfo, content: bytes) -> Iterator[Member]:
        if member.name == "manifest.json":
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            yield info, b"x"
        yield member, content

    return adds


def _listed(path: str) -> Change:
    """The manifest, too, calls the second member by another name."""

    def renames(member: tarfile.TarInfo, content: bytes) -> Iterator[Member]:
        if member.name == "home/mlflow/mlflow.db":
            member.name = f"home/{path}"
        if member.name == "manifest.json":
            content = content.replace(b'"mlflow/mlflow.db"', json.dumps(path).encode())
        yield member, content

    return renames


def _linked(member: tarfile.TarInfo, content: bytes) -> Iterator[Member]:
    if member.name == "home/mlflow/mlflow.db":
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    yield member, content


def _doubled(member: tarfile.TarInfo, content: bytes) -> Iterator[Member]:
    yield member, content
    if member.name == "home/state.db":
        yield member, content


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_added("home/extra"), "not those of its manifest"),
        (_added("/etc/passwd"), "not those of its manifest"),
        (_added("home/link", tarfile.SYMTYPE), "not those of its manifest"),
        (_doubled, "not those of its manifest"),
        (_linked, "no plain file of a home"),
        (_listed("../../escaped"), "no plain file of a home"),
        (_listed("a/../../../escaped"), "no plain file of a home"),
    ],
    ids=["extra", "absolute", "link", "twice", "linked", "above", "above-within"],
)
def test_members_that_no_backup_has_are_refused(
    file: Path, home: Path, change: Change, says: str
) -> None:
    _refused(rewritten(file, change), home, says)
    assert not list(home.parents[1].rglob("escaped"))


def test_a_backup_of_a_newer_schema_is_refused_with_both_revisions(file: Path, home: Path) -> None:
    newer = rewritten(file, _manifest(f'"revision": "{HEAD}"', '"revision": "9999"'))

    with pytest.raises(StoreError, match="'9999'") as caught:
        restore_home(home_at(home), newer)

    assert repr(HEAD) in caught.value.message
    assert "install dspyui" in caught.value.hint
    assert not home.parent.exists()


def test_a_manifest_of_another_format_is_refused(file: Path, home: Path) -> None:
    _refused(rewritten(file, _manifest('"format": 1', '"format": 2')), home, "format 2")
    _refused(rewritten(file, _manifest('"format": 1', '"form": 1')), home, "cannot be read")


def test_a_manifest_that_says_more_than_there_is_is_refused(file: Path, home: Path) -> None:
    more = rewritten(file, _manifest('"decisions": ', '"decisions": 1'))

    with pytest.raises(StoreError, match="and says"):
        restore_home(home_at(home), more)

    assert not list(home.parent.iterdir())


def test_a_home_of_the_first_schema_is_backed_up_restored_and_upgraded(
    tmp_path: Path, home: Path
) -> None:
    old = tmp_path / "old" / "state.db"
    old.parent.mkdir()
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript((STORED / "0001.sql").read_text(encoding="utf-8"))
    made = back_up(home_at(old.parent), tmp_path / "a.tar")

    ws = restored_at(home, made.path)

    expected = json.loads((STORED / "0001.json").read_text(encoding="utf-8"))
    found = made_of(ws, write_program(tmp_path))
    assert made.contents.revision == "0001"
    decisions = zip(found["decisions"], expected["decisions"], strict=True)
    assert found["fold"] == expected["fold"]
    assert all(then.items() <= entry.items() for entry, then in decisions)
    assert found["entries"] == expected["entries"]
    ws.close()


@pytest.mark.parametrize(
    "where", ["dspyui_core.upkeep.restore._move_in", "dspyui_core.upkeep.restore._sync_all"]
)
def test_a_killed_restore_leaves_no_home_and_the_next_one_clears_up(
    file: Path, home: Path, where: str
) -> None:
    killed("restore", where, home, file)
    assert not home.exists()

    ws = restored_at(home, file)

    assert ws.releases.champion("desk") is not None
    assert [path.name for path in home.parent.iterdir()] == ["home"]
    ws.close()


def test_a_disk_that_is_full_leaves_nothing(
    file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dspyui_core.upkeep.restore.move_places", full)

    with pytest.raises(StoreError, match="No space left") as caught:
        restore_home(home_at(home), file)

    assert "nothing was restored" in caught.value.hint
    assert list(home.parent.iterdir()) == []


def test_a_home_that_somebody_makes_meanwhile_is_not_overwritten(
    file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*arguments: object) -> None:
        shutil.copytree(STORED, home)

    monkeypatch.setattr("dspyui_core.upkeep.restore.move_places", meanwhile)

    with pytest.raises(StoreError, match="not empty"):
        restore_home(home_at(home), file)

    assert {path.name for path in home.iterdir()} == {path.name for path in STORED.iterdir()}
    assert [path.name for path in home.parent.iterdir()] == ["home"]


def _manifest(old: str, new: str) -> Change:
    def changes(member: tarfile.TarInfo, content: bytes) -> Iterator[Member]:
        if member.name == "manifest.json":
            assert old.encode() in content
            content = content.replace(old.encode(), new.encode(), 1)
        yield member, content

    return changes


def _members(file: Path) -> list[str]:
    with tarfile.open(file) as tar:
        return tar.getnames()


def _refused(file: Path, home: Path, says: str) -> None:
    """Neither restored nor praised, and nothing is left where the home would be."""
    refusals: list[Callable[..., object]] = [inspect_backup, restore_home]
    for refusal in refusals:
        with pytest.raises(InputError, match=says):
            refusal(home_at(home), file)
    assert not home.parent.exists() or list(home.parent.iterdir()) == []
