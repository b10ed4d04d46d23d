"""The doctor on the home and its databases: what it says, and that it leaves no trace."""

from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from deployments.doctor.databases import Mlflow, StateDatabase
from deployments.doctor.home import Home
from dspyui_core.store.schema import HEAD

Usage = namedtuple("Usage", "total used free")


def database(path: Path, revision: str | None) -> str:
    """A SQLite file with that schema revision, and its URL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table if not exists alembic_version (version_num text)")
        if revision is not None:
            connection.execute("insert into alembic_version values (?)", (revision,))
        connection.commit()
    return f"sqlite:///{path}"


def test_a_home_that_is_not_there_will_be_made_and_is_not(tmp_path: Path) -> None:
    finding = Home(tmp_path / "new" / "home").run()

    assert (finding.status, "which will be made" in finding.found) == ("ok", True)
    assert not list(tmp_path.iterdir())


def test_a_home_below_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")

    finding = Home(tmp_path / "file" / "home").run()

    assert (finding.status, "DSPYUI_HOME" in finding.remedy) == ("fail", True)


@pytest.mark.parametrize(("free", "status"), [(10**10, "ok"), (10**8, "warn"), (10**7, "fail")])
def test_the_room_on_the_disk_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12 - free, free))

    assert Home(tmp_path).run().status == status


def test_a_network_file_system_is_a_warning(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n", encoding="utf-8")

    finding = Home(tmp_path, mounts).run()

    assert (finding.status, "nfs4 is a network file system" in finding.found) == ("warn", True)


@pytest.mark.parametrize(
    ("revision", "status", "said"),
    [
        (HEAD, "ok", f"schema {HEAD}"),
        ("9999", "fail", f"knows up to {HEAD}"),
        (None, "warn", "is empty"),
    ],
)
def test_the_schema_of_the_state_is_compared(
    tmp_path: Path, revision: str | None, status: str, said: str
) -> None:
    finding = StateDatabase(database(tmp_path / "state.db", revision)).run()

    assert (finding.status, said in finding.found) == (status, True)


def test_an_older_schema_is_upgraded_by_the_next_command_and_not_by_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.doctor.databases.HEAD", "0002")

    finding = StateDatabase(database(tmp_path / "state.db", "0001")).run()

    assert (finding.status, "upgrades it to 0002" in finding.found) == ("warn", True)


def test_a_file_that_is_no_database_fails(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("this is a text and no database" * 100, encoding="utf-8")

    finding = StateDatabase(f"sqlite:///{path}").run()

    assert (finding.status, str(path) in finding.found) == ("fail", True)
    assert "backup" in finding.remedy


@pytest.mark.parametrize("check", [StateDatabase, Mlflow])
def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path, check: type[StateDatabase] | type[Mlflow]
) -> None:
    finding = check(f"sqlite:///{tmp_path / 'new.db'}").run()

    assert (finding.status, "which will be made" in finding.found) == ("ok", True)
    assert not list(tmp_path.iterdir())


def test_reading_a_database_leaves_nothing_beside_it(tmp_path: Path) -> None:
    url = database(tmp_path / "mlflow.db", "dc11")

    finding = Mlflow(url).run()

    assert (finding.status, "schema dc11" in finding.found) == ("ok", True)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_what_a_writer_has_not_yet_put_into_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    url = database(path, None)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("insert into alembic_version values (?)", (HEAD,))
        writer.commit()

        assert StateDatabase(url).run().status == "ok"


def test_a_database_that_cannot_be_reached_is_told_without_its_password() -> None:
    finding = StateDatabase("postgresql+nodriver://ana:hunter2@127.0.0.1/state").run()

    assert finding.status == "fail"
    assert "hunter2" not in finding.found
