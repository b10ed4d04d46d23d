"""Homes that earlier code wrote, opened by this one: what `support.stored_home` has stored."""

from __future__ import annotations

import json
import logging
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, make_url, select

from deployments.doctor.databases import StateDatabase
from dspyui_core.errors import StoreError
from dspyui_core.store import copying, schema
from dspyui_core.store.engine import open_engine, reading
from dspyui_core.store.journal import Journal
from dspyui_core.store.schema import HEAD
from dspyui_core.store.tables import METADATA, payload_field
from dspyui_core.workspace import Workspace
from support.stored_home import made_of, write_program

STORED = Path(__file__).parent / "homes"
REVISIONS = sorted(path.stem for path in STORED.glob("*.sql"))
OPEN = "import sys; from dspyui_core.store.engine import open_engine; open_engine(sys.argv[1])"
DIES_HALFWAY = f"""
import os, signal
from alembic import command
upgrade = command.upgrade
def dies(*arguments):
    upgrade(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
command.upgrade = dies
{OPEN}
"""


@pytest.fixture(params=REVISIONS)
def stored(request: pytest.FixtureRequest) -> str:
    """The schema revision of a stored home."""
    return str(request.param)


@pytest.fixture
def old(stored: str, tmp_path: Path) -> Path:
    """The state database of a stored home, as a file."""
    path = tmp_path / "home" / "state.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        # As its own code had it; a change of mode would be a change of the file.
        connection.execute("pragma journal_mode = wal")
        connection.executescript((STORED / f"{stored}.sql").read_text(encoding="utf-8"))
    return path


@pytest.fixture
def opened(old: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{old}")
    yield engine
    engine.dispose()


def test_a_home_of_every_earlier_schema_is_stored() -> None:
    assert set(REVISIONS) == schema.known_revisions() - {HEAD}


def test_an_old_home_gives_what_its_own_code_made_of_it(
    stored: str, old: Path, tmp_path: Path
) -> None:
    expected = json.loads((STORED / f"{stored}.json").read_text(encoding="utf-8"))
    ws = Workspace.open(old.parent)

    found = made_of(ws, write_program(tmp_path))

    ws.close()
    # What is noted of a decision grows; what was noted then stays.
    pairs = zip(found["decisions"], expected["decisions"], strict=True)
    found["decisions"] = [{name: entry[name] for name in then} for entry, then in pairs]
    assert _parsed(found) == _parsed(expected)


def test_an_upgraded_database_is_as_a_fresh_one(opened: Engine, template: Path, old: Path) -> None:
    with reading(opened) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    assert _columns(old) == _columns(template)


def test_an_upgrade_notes_the_fields_that_answers_had(opened: Engine) -> None:
    query = select(payload_field.c.program, payload_field.c.role, payload_field.c.name)
    with reading(opened) as connection:
        rows = connection.execute(query.order_by(payload_field.c.seq)).all()
    assert [tuple(row) for row in rows] == [("desk", "input", "text"), ("desk", "output", "desk")]


def test_positions_go_on_and_old_keys_are_still_known(opened: Engine) -> None:
    journal = Journal(opened)
    last = journal.last_position()
    first = next(iter(journal.since(0, kind="feedback")))

    again = journal.append_feedback(
        first.trace_id,
        first.payload,
        idem_key="first-0",
        user_id=first.user_id,
        authenticated=first.authenticated,
    )

    assert again == first
    assert journal.append_prediction("desk", "new", {"inputs": {}}).position == last + 1


def test_an_upgrade_keeps_a_copy_first_and_tells_where(
    old: Path, stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = _dump(old)

    with caplog.at_level(logging.WARNING, logger="dspyui"):
        open_engine(f"sqlite:///{old}").dispose()

    copy = old.with_name(f"state.db.before-{HEAD}")
    assert _dump(copy) == before
    assert f"from {stored} to {HEAD}" in caplog.text
    assert str(copy) in caplog.text


def test_opening_again_and_a_fresh_database_keep_no_copy(old: Path, tmp_path: Path) -> None:
    for path in (old, old, tmp_path / "new" / "state.db"):
        open_engine(f"sqlite:///{path}").dispose()

    assert [path.name for path in tmp_path.rglob("*before*")] == [f"state.db.before-{HEAD}"]


def test_a_copy_of_an_earlier_upgrade_is_not_overwritten(old: Path) -> None:
    earlier = old.with_name(f"state.db.before-{HEAD}")
    earlier.write_text("the copy of a year ago")
    before = _dump(old)

    open_engine(f"sqlite:///{old}").dispose()

    assert earlier.read_text() == "the copy of a year ago"
    assert _dump(old.with_name(f"{earlier.name}.2")) == before


def test_a_process_killed_in_the_middle_leaves_the_old_home_which_opens_next_time(
    old: Path, stored: str, start: Callable[..., subprocess.Popen[str]]
) -> None:
    before = _dump(old)

    killed = start(DIES_HALFWAY, f"sqlite:///{old}")

    assert killed.wait(60) == -signal.SIGKILL
    assert _dump(old) == before
    engine = open_engine(f"sqlite:///{old}")
    with reading(engine) as connection:
        assert schema.revision(connection) == HEAD
    engine.dispose()
    assert len(list(old.parent.glob("state.db.before-*"))) == 1


def test_without_room_for_the_copy_nothing_is_upgraded(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, target: Path) -> None:
        raise OSError(28, "No space left on device")

    before = _dump(old)
    monkeypatch.setattr(copying, "copy_database", full)

    with pytest.raises(StoreError, match="No space left") as caught:
        open_engine(f"sqlite:///{old}")

    assert "nothing was changed" in caught.value.hint
    assert _dump(old) == before


def test_a_servers_database_is_upgraded_without_a_copy_and_that_is_told(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = make_url("postgresql://dspyui:geheim@db/state")
    server = SimpleNamespace(
        dialect=SimpleNamespace(name="postgresql"), engine=SimpleNamespace(url=url)
    )

    with caplog.at_level(logging.WARNING, logger="dspyui"):
        schema._keep_what_was(server, "0001")

    assert "it keeps no copy of a server's database" in caplog.text
    assert "geheim" not in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_newer_home_is_refused_and_not_a_byte_of_it_changed(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")
    before = old.read_bytes()

    with pytest.raises(StoreError, match="'9999'") as caught:
        open_engine(f"sqlite:///{old}")

    assert repr(HEAD) in caught.value.message
    assert "install the version of dspyui that wrote it" in caught.value.hint
    assert old.read_bytes() == before
    assert not list(old.parent.glob("*before*"))


def test_the_doctor_tells_of_an_old_and_of_a_newer_home_and_leaves_them(
    old: Path, stored: str
) -> None:
    before = old.read_bytes()
    finding = StateDatabase(f"sqlite:///{old}").run()
    assert (finding.status, f"has schema {stored}" in finding.found) == ("warn", True)
    assert old.read_bytes() == before

    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")
    assert StateDatabase(f"sqlite:///{old}").run().status == "fail"


def _parsed(made: dict[str, Any]) -> dict[str, Any]:
    """The exports as rows: how a line is written is no part of what was said."""
    lines = {name: text.splitlines() for name, text in made["exports"].items()}
    rows = {name: [json.loads(line) for line in found] for name, found in lines.items()}
    return made | {"exports": rows}


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _columns(path: Path) -> dict[str, list[Any]]:
    """Every table's columns with types, nullability and keys, and its indexes, by name."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        return {
            name: sorted(
                [
                    *(row[1:] for row in connection.execute(f"pragma table_info('{name}')")),
                    *(row[1:] for row in connection.execute(f"pragma index_list('{name}')")),
                ],
                key=str,
            )
            for (name,) in names
            if name != "sqlite_sequence"
        }
