"""Folders on a disk and in an object store: the same words, and nothing is ever half there."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from dspyui_core.datasets import Reader, forgotten_rows, load_split, read_manifest
from dspyui_core.datasets.versions.forgetting import Unwanted, take_out
from dspyui_core.datasets.versions.snapshots import write_snapshot
from dspyui_core.errors import DatasetError, StoreError
from dspyui_core.storage import Folder, LocalFolder, ObjectFolder, folder_at, place_of
from unit.datasets.test_snapshots import USUAL, assigned


@pytest.fixture(params=["disk", "objects"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if request.param == "disk":
        return LocalFolder(tmp_path / "there")
    return ObjectFolder(f"memory://{uuid4().hex}/there")


def test_what_is_written_is_read_and_listed(folder: Folder) -> None:
    folder.write("b", b"2")
    (folder / "inner").write("c", b"3")
    folder.write("a", b"1")
    folder.write("b", b"22")

    assert (folder.files(), folder.folders()) == (["a", "b"], ["inner"])
    assert (folder.read("b"), (folder / "inner").read("c")) == (b"22", b"3")
    assert ((folder / "inner").name, str(folder / "inner")) == ("inner", f"{folder}/inner")
    assert folder.written("a") > 1_700_000_000


def test_what_is_not_there_is_empty_or_not_found(folder: Folder) -> None:
    assert (folder.files(), folder.folders()) == ([], [])
    with pytest.raises(FileNotFoundError):
        folder.read("a")
    with pytest.raises(FileNotFoundError):
        folder.written("a")


def test_what_is_removed_is_gone(folder: Folder) -> None:
    folder.write("a", b"1")

    folder.remove("a")

    assert folder.files() == []


def test_a_folder_that_cannot_be_written_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"cannot be written.*DSPYUI_HOME"):
        LocalFolder(tmp_path / "file" / "inside").write("a", b"1")


def test_nothing_is_left_behind_by_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()

    with pytest.raises(StoreError):
        LocalFolder(tmp_path).write("taken", b"1")

    assert LocalFolder(tmp_path).files() == []


def test_a_place_is_the_local_one_until_an_address_is_given(tmp_path: Path) -> None:
    assert place_of(None, tmp_path) is tmp_path
    assert folder_at(tmp_path) == LocalFolder(tmp_path)
    assert folder_at(place_of("s3://b/p", tmp_path)) == ObjectFolder("s3://b/p")


def test_a_store_that_nothing_here_can_open_names_the_setting() -> None:
    with pytest.raises(StoreError, match=r"nothing here can open.*DSPYUI_STORAGE__ARTIFACTS"):
        ObjectFolder("nosuch://bucket/prefix").files()


def test_a_dataset_version_in_an_object_store_is_the_one_on_a_disk(tmp_path: Path) -> None:
    place = ObjectFolder(f"memory://{uuid4().hex}/datasets")
    made = assigned(*USUAL)

    there, here = write_snapshot(place, made), write_snapshot(tmp_path, made)

    assert there == here
    assert read_manifest(place, there) == read_manifest(tmp_path, here)
    rows = load_split(place, there, "train", reader=Reader.OPTIMIZER)
    assert rows == load_split(tmp_path, here, "train", reader=Reader.OPTIMIZER)


def test_the_same_version_again_uploads_nothing() -> None:
    place = ObjectFolder(f"memory://{uuid4().hex}/datasets")
    ref = write_snapshot(place, assigned(*USUAL))
    home = place / ref.program / ref.version
    before = {file: home.written(file) for file in home.files()}

    write_snapshot(place, assigned(*USUAL))

    assert {file: home.written(file) for file in home.files()} == before


def test_an_upload_that_did_not_come_to_its_manifest_is_no_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = ObjectFolder(f"memory://{uuid4().hex}/datasets")
    made = assigned(*USUAL)
    write = ObjectFolder.write

    def cut_off(folder: ObjectFolder, file: str, content: bytes) -> None:
        if file == "manifest.json":
            raise StoreError("the line is cut")
        write(folder, file, content)

    with monkeypatch.context() as patched, pytest.raises(StoreError):
        patched.setattr(ObjectFolder, "write", cut_off)
        write_snapshot(place, made)
    names = (place / made.fold.spec.name).folders()
    half = (place / made.fold.spec.name / names[0]).files()

    assert "manifest.json" not in half
    whole = write_snapshot(place, made)
    assert len(load_split(place, whole, "train", reader=Reader.OPTIMIZER)) == 2


def test_rows_are_taken_out_of_an_object_store_too() -> None:
    place = ObjectFolder(f"memory://{uuid4().hex}/datasets")
    ref = write_snapshot(place, assigned(*USUAL))
    first = load_split(place, ref, "train", reader=Reader.OPTIMIZER)[0]

    taken = take_out(place, ref.program, Unwanted(keys=frozenset({first.key}), gold_too=True))

    assert (taken.rows, forgotten_rows(place, ref)) == (1, 1)
    assert first not in load_split(place, ref, "train", reader=Reader.OPTIMIZER)
    assert len((place / ref.program / ref.version).files()) == 4


def test_a_version_that_is_not_there_is_told() -> None:
    ref = write_snapshot(ObjectFolder(f"memory://{uuid4().hex}"), assigned(*USUAL))

    with pytest.raises(DatasetError, match=r"no snapshot memory://"):
        read_manifest(ObjectFolder(f"memory://{uuid4().hex}"), ref)
