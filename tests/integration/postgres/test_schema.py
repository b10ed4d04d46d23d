"""The schema on PostgreSQL: made from nothing, upgraded from the oldest revision, refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, insert, inspect, make_url, text

from dspyui_core.errors import StoreError
from dspyui_core.store import schema
from dspyui_core.store.engine import open_engine, reading
from dspyui_core.store.journal import Journal, NewFeedback
from dspyui_core.store.postgres import with_driver
from dspyui_core.store.tables import METADATA, journal, watermark
from support.postgres import Postgres

FAR = 5_000_000_000


@pytest.fixture
def oldest(fresh: str) -> Iterator[str]:
    """The address of a database as the first revision made it, with an answer in it."""
    engine = create_engine(with_driver(make_url(fresh)))
    config = Config()
    config.set_main_option("script_location", "dspyui_core.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO journal"
                " (kind, program, trace_id, authenticated, idem_key, payload, at)"
                " VALUES ('prediction', 'p', 't1', false, 'prediction:t1',"
                """ '{"inputs": {"q": "ü"}, "outputs": {"a": 1}}', now())"""
            )
        )
    engine.dispose()
    return fresh


@pytest.mark.parametrize("start", ["fresh", "oldest"])
def test_the_migrated_schema_is_the_one_in_the_tables_module(
    start: str, request: pytest.FixtureRequest
) -> None:
    engine = open_engine(request.getfixturevalue(start))
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert schema.revision(connection) == schema.HEAD
    engine.dispose()


def test_the_schema_comparison_would_see_a_narrower_column(fresh: str) -> None:
    engine = open_engine(fresh)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE watermark ALTER position TYPE integer"))
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) != []
    engine.dispose()


def test_what_the_oldest_revision_held_is_there_after_the_upgrade(oldest: str) -> None:
    engine = open_engine(oldest)
    entry = Journal(engine).prediction("t1")
    with reading(engine) as connection:
        fields = connection.execute(text("SELECT role, name FROM payload_field ORDER BY seq")).all()
    assert (entry.position, entry.payload["inputs"]) == (1, {"q": "ü"})
    assert [tuple(row) for row in fields] == [("input", "q"), ("output", "a")]
    engine.dispose()


@pytest.mark.parametrize("start", ["fresh", "oldest"])
def test_positions_go_on_after_two_thousand_million(
    start: str, request: pytest.FixtureRequest
) -> None:
    engine = open_engine(request.getfixturevalue(start))
    with engine.begin() as connection:
        connection.execute(text(f"SELECT setval('journal_position_seq', {FAR})"))
    entry = Journal(engine).append_prediction("p", "far", {})
    with engine.begin() as connection:
        row = {"program": "p", "consumer": "turn", "position": entry.position}
        connection.execute(insert(watermark).values(row))
    assert entry.position == FAR + 1
    engine.dispose()


def test_a_turn_takes_in_feedback_from_far_positions(fresh: str) -> None:
    engine = open_engine(fresh)
    kind = {c["name"]: str(c["type"]) for c in inspect(engine).get_columns("turn")}
    assert kind["feedback_upto"] == "BIGINT"
    engine.dispose()


def test_a_position_is_not_given_again_after_the_last_entry_is_gone(engine: Engine) -> None:
    log = Journal(engine)
    log.append_prediction("p", "t1", {})
    last = log.append([NewFeedback("t1", {"rating": "thumbs_up"}, "k1")])[0].position
    with engine.begin() as connection:
        connection.execute(journal.delete())
    assert log.append_prediction("p", "t2", {}).position > last


def test_a_newer_schema_is_refused(fresh: str) -> None:
    engine = open_engine(fresh)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="'9999'"):
        open_engine(fresh)


def test_an_upgrade_that_dies_halfway_leaves_a_fresh_database(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = schema._upgrade

    def dies(*arguments: object) -> None:
        upgrade(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "_upgrade", dies)
    with pytest.raises(KeyboardInterrupt):
        open_engine(fresh)
    monkeypatch.undo()
    engine = create_engine(with_driver(make_url(fresh)))
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_fresh_database_opened_many_times_at_once_opens_every_time(fresh: str) -> None:
    together = Barrier(5)

    def open_it(_: int) -> int:
        together.wait()
        engine = open_engine(fresh)
        names = inspect(engine).get_table_names()
        engine.dispose()
        return len(names)

    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(open_it, range(5))) == {len(METADATA.tables) + 1}


def test_the_downgrade_removes_every_table(fresh: str) -> None:
    engine = open_engine(fresh)
    config = Config()
    config.set_main_option("script_location", "dspyui_core.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_a_user_who_may_not_make_tables_is_told_so(postgres: Postgres, fresh: str) -> None:
    postgres.execute("DROP ROLE IF EXISTS guest")
    postgres.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError, match="permission denied") as caught:
        open_engine(fresh.replace("postgres@", "guest@"))
    assert "grant" in caught.value.hint
