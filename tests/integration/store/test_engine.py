from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, inspect, text

from dspyui_core.errors import StoreError
from dspyui_core.store import schema
from dspyui_core.store.engine import open_engine, reading
from dspyui_core.store.tables import METADATA, watermark


def test_the_migrated_schema_is_the_one_in_the_tables_module(engine: Engine) -> None:
    with reading(engine) as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert differences == []


def test_the_schema_comparison_would_see_a_missing_column(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE watermark ADD COLUMN extra INTEGER"))
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) != []


def test_head_is_the_newest_migration_file() -> None:
    assert ScriptDirectory.from_config(_scripts()).get_current_head() == schema.HEAD


def test_the_downgrade_removes_every_table(engine: Engine) -> None:
    config = _scripts()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_a_database_writes_ahead_and_waits_for_the_disk(engine: Engine) -> None:
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_a_current_database_opens_without_alembic(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def must_not_run(*_: object) -> None:
        raise AssertionError("Alembic ran")

    monkeypatch.setattr(schema, "_upgrade", must_not_run)
    open_engine(f"sqlite:///{database}").dispose()


def test_an_upgrade_that_dies_halfway_leaves_a_fresh_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = schema._upgrade

    def dies(*arguments: object) -> None:
        upgrade(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "_upgrade", dies)
    with pytest.raises(KeyboardInterrupt):
        open_engine(f"sqlite:///{tmp_path}/state.db")
    monkeypatch.undo()
    engine = open_engine(f"sqlite:///{tmp_path}/state.db")
    assert inspect(engine).has_table("journal")
    engine.dispose()


def test_a_newer_schema_is_refused_and_left_alone(engine: Engine, database: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="'9999'") as caught:
        open_engine(f"sqlite:///{database}")
    assert "install the version" in caught.value.hint
    assert str(database) in caught.value.message
    with reading(engine) as connection:
        assert schema.revision(connection) == "9999"


def test_a_fresh_home_opened_many_times_at_once_opens_every_time(tmp_path: Path) -> None:
    together = Barrier(5)

    def open_it() -> list[str]:
        together.wait()
        engine = open_engine(f"sqlite:///{tmp_path}/deep/home/state.db")
        names = inspect(engine).get_table_names()
        engine.dispose()
        return names

    with ThreadPoolExecutor(5) as pool:
        opened = [pool.submit(open_it) for _ in range(5)]
        assert {len(each.result()) for each in opened} == {len(METADATA.tables) + 1}


@pytest.mark.usefixtures("ordinary_user")
def test_a_home_that_cannot_be_created_names_the_folder(read_only_home: Path) -> None:
    with pytest.raises(StoreError, match=str(read_only_home / "deep")) as caught:
        open_engine(f"sqlite:///{read_only_home}/deep/state.db")
    assert "DSPYUI_HOME" in caught.value.hint


@pytest.mark.usefixtures("ordinary_user")
def test_a_read_only_home_names_the_path_and_the_remedy(read_only_home: Path) -> None:
    with pytest.raises(StoreError, match=str(read_only_home)) as caught:
        open_engine(f"sqlite:///{read_only_home}/state.db")
    assert "DSPYUI_HOME" in caught.value.hint


@pytest.mark.usefixtures("ordinary_user")
def test_a_read_only_file_in_a_writable_home_is_refused_too(read_only_file: Path) -> None:
    with pytest.raises(StoreError, match="readonly") as caught:
        open_engine(f"sqlite:///{read_only_file}")
    assert str(read_only_file) in caught.value.message


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("a letter to my aunt " * 100)
    with pytest.raises(StoreError, match="not a database") as caught:
        open_engine(f"sqlite:///{tmp_path}/state.db")
    assert "backup" in caught.value.hint


def test_a_home_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match="Not a directory"):
        open_engine(f"sqlite:///{tmp_path}/home/deep/state.db")


@pytest.mark.parametrize("url", ["state.db", "oracle99://host/db", "postgresql+nodriver://host/db"])
def test_a_url_that_opens_nothing_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        open_engine(url)


def test_a_writer_that_waits_too_long_is_told_so(engine: Engine, database: Path) -> None:
    other = open_engine(f"sqlite:///{database}")
    with other.connect() as impatient:
        impatient.exec_driver_sql("PRAGMA busy_timeout=1")
        impatient.rollback()
        with engine.begin(), pytest.raises(StoreError, match="locked") as caught:
            impatient.execute(text("SELECT 1"))
    assert "try again" in caught.value.hint
    other.dispose()


def test_a_reader_neither_waits_for_a_writer_nor_sees_its_open_work(engine: Engine) -> None:
    row = {"program": "p", "consumer": "turn", "position": 1}
    with engine.begin() as writer, reading(engine) as reader:
        writer.execute(insert(watermark).values(row))
        assert reader.execute(watermark.select()).all() == []


def _scripts() -> Config:
    config = Config()
    config.set_main_option("script_location", "dspyui_core.store:migrations")
    return config
