"""Dataset versions in a real S3 server, and what is said where it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.doctor.storage import ObjectStore as Check
from dspyui_core.datasets import Reader, load_split
from dspyui_core.datasets.versions.snapshots import splits_on_disk, write_snapshot
from dspyui_core.errors import StoreError
from dspyui_core.storage import ObjectFolder
from support.object_store import BUCKET, SECRET, ObjectStore, running_object_store
from support.processes import free_port
from unit.datasets.test_snapshots import USUAL, assigned


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with running_object_store(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(autouse=True)
def credentials(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, store)


def _set(monkeypatch: pytest.MonkeyPatch, store: ObjectStore, **changes: str) -> None:
    """The environment of a process that begins: what was opened before is not used again."""
    import s3fs

    for name, value in store.environment(**changes).items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_dataset_version_is_written_once_and_read_whole(store: ObjectStore) -> None:
    place = ObjectFolder(f"{store.url}/datasets")
    made = assigned(*USUAL)

    ref = write_snapshot(place, made)
    again = write_snapshot(place, made)

    assert again == ref
    assert load_split(place, ref, "train", reader=Reader.OPTIMIZER) == made.of("train")
    assert {split.split for split in splits_on_disk(place, ref.program)} == {*USUAL}
    assert f"team/datasets/{ref.program}/{ref.version}/manifest.json" in store.objects()


def test_what_one_wrote_another_sees_at_once(store: ObjectStore) -> None:
    reading, writing = (ObjectFolder(f"{store.url}/seen") for _ in range(2))
    before = reading.files()

    writing.write("a", b"1")
    between = reading.read("a")
    writing.write("a", b"2")

    assert (before, reading.files(), between, reading.read("a")) == ([], ["a"], b"1", b"2")


def test_a_server_that_is_away_is_told_with_its_setting(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(
        monkeypatch, store, AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}", AWS_MAX_ATTEMPTS="1"
    )

    found = Check(store.url).run()

    assert found.status == "fail"
    assert f"the object store at {store.url} cannot be used" in found.found
    assert "AWS_ENDPOINT_URL" in found.remedy


def test_a_bucket_that_is_not_there_is_told_by_name(store: ObjectStore) -> None:
    with pytest.raises(StoreError, match=r"make the bucket 'another' there first"):
        ObjectFolder("s3://another/team").write("a", b"1")

    assert "make the bucket 'another'" in Check("s3://another/team").run().remedy


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials_are_told_and_not_shown(
    name: str, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(monkeypatch, store, **{name: "wrong-and-secret"})

    found = Check(store.url).run()

    assert found.status == "fail"
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in found.remedy
    assert SECRET not in str(found)
    assert "wrong-and-secret" not in str(found)


def test_missing_credentials_are_told(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _set(monkeypatch, store, AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "none"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID"):
        ObjectFolder(store.url).files()


def test_the_doctor_finds_a_store_that_can_be_used(store: ObjectStore) -> None:
    found = Check(f"s3://{BUCKET}/nothing/there/yet").run()

    assert (found.status, found.remedy) == ("ok", "")
