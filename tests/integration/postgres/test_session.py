"""What the store asks of a PostgreSQL session, whatever the server's own defaults are."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import InternalError, SQLAlchemyError

from dspyui_core.errors import StoreError
from dspyui_core.store import engine as engine_module
from dspyui_core.store.engine import open_engine, reading
from dspyui_core.store.journal import Journal
from support.forked import exit_code, forked
from support.postgres import Postgres
from support.processes import free_port


def _setting(engine: Engine, name: str) -> str:
    with engine.begin() as connection:
        return str(connection.exec_driver_sql(f"SHOW {name}").scalar())


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_without_a_driver_gets_ours(address: str, scheme: str) -> None:
    engine = open_engine(address.replace("postgresql", scheme, 1))
    assert Journal(engine).count() == 0
    engine.dispose()


def test_a_commit_waits_for_the_disk_where_the_server_s_default_does_not(
    postgres: Postgres, fresh: str
) -> None:
    postgres.execute(f"ALTER DATABASE {fresh.rpartition('/')[2]} SET synchronous_commit = off")
    engine = open_engine(fresh)
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")
        raise ZeroDivisionError
    assert _setting(engine, "synchronous_commit") == "on"
    engine.dispose()


def test_a_stricter_default_stays(postgres: Postgres, fresh: str) -> None:
    name = fresh.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    engine = open_engine(fresh)
    assert _setting(engine, "synchronous_commit") == "remote_apply"
    engine.dispose()


def test_keys_are_seen_in_time_where_the_server_s_default_is_one_snapshot(
    postgres: Postgres, fresh: str
) -> None:
    name = fresh.rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    engine = open_engine(fresh)
    journals = [Journal(engine) for _ in range(6)]

    def append(journal: Journal) -> list[int]:
        return [journal.append_prediction("p", f"t{n}", {}).position for n in range(15)]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(append, journals))
    assert answers == [list(range(1, 16))] * 6
    engine.dispose()


def test_a_reading_is_one_snapshot_and_writes_nothing(engine: Engine) -> None:
    count = text("SELECT count(*) FROM journal")
    with reading(engine) as connection:
        before = connection.execute(count).scalar()
        Journal(engine).append_prediction("p", "t1", {})
        assert (before, connection.execute(count).scalar()) == (0, 0)
        with pytest.raises((StoreError, InternalError), match="read-only"):
            connection.execute(text("DELETE FROM journal"))
    # The same connection writes again.
    assert Journal(engine).append_prediction("p", "t2", {}).position == 2


def test_a_reader_neither_waits_for_a_writer_nor_sees_its_open_work(engine: Engine) -> None:
    row = "INSERT INTO watermark VALUES ('p', 'turn', 1)"
    with engine.begin() as writer, reading(engine) as reader:
        writer.exec_driver_sql(row)
        assert reader.exec_driver_sql("SELECT * FROM watermark").all() == []


def test_a_writer_that_waits_too_long_is_told_so(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 0.05)
    engine = open_engine(address)
    with engine.begin(), pytest.raises(StoreError, match="lock timeout") as caught:
        Journal(engine).append_prediction("p", "t1", {})
    assert "try again" in caught.value.hint
    assert Journal(engine).append_prediction("p", "t1", {}).position == 1
    engine.dispose()


def test_connections_that_the_server_closed_are_replaced(
    postgres: Postgres, engine: Engine, migrated: str
) -> None:
    journal = Journal(engine)
    journal.append_prediction("p", "t1", {})
    _end_sessions(postgres, migrated)
    assert journal.append_prediction("p", "t2", {}).position == 2


def test_a_session_that_ends_in_a_transaction_fails_it_and_no_later_one(
    postgres: Postgres, engine: Engine, migrated: str
) -> None:
    with pytest.raises((StoreError, SQLAlchemyError)), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO watermark VALUES ('p', 'turn', 1)")
        _end_sessions(postgres, migrated)
        connection.exec_driver_sql("SELECT 1")
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT * FROM watermark").all() == []


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    port = free_port()
    with pytest.raises(StoreError, match=f"127.0.0.1:{port}") as caught:
        open_engine(f"postgresql://ana:open-sesame@127.0.0.1:{port}/state")
    assert "DSPYUI_STORE__URL" in caught.value.hint
    assert "open-sesame" not in str(caught.value)


def test_parent_and_child_of_a_fork_do_not_share_a_connection(engine: Engine) -> None:
    journal = Journal(engine)
    journal.append_prediction("p", "before", {})

    def write(name: str) -> None:
        for number in range(10):
            journal.append_prediction("p", f"{name}-{number}", {})

    child = forked(lambda: write("child"))
    write("parent")
    assert exit_code(child) == 0
    assert journal.count() == 21


@pytest.mark.parametrize("text_", ["a\0b", "\ud800", "x" * 500])
def test_a_name_that_the_server_does_not_take_is_refused_before_it_hurts_others(
    engine: Engine, text_: str
) -> None:
    journal = Journal(engine)
    with pytest.raises(StoreError, match="cannot be stored"):
        journal.append_prediction("p", text_, {})
    with pytest.raises(StoreError, match="cannot be stored"):
        journal.append_prediction("p", "t1", {"outputs": {text_: 1}})
    assert journal.append_prediction("p", "t1", {"outputs": {"x": "\ud800 \0"}}).position == 1


def _end_sessions(postgres: Postgres, database: str) -> None:
    who = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}'"
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM ({who}) AS s")
    while postgres.execute(who):
        time.sleep(0.01)
