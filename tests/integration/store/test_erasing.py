"""Erasing: entries go, their keys stay used, and a record says that something went."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, select

from dspyui_core.errors import TraceNotFoundError
from dspyui_core.store.compacting import compact, sqlite_file
from dspyui_core.store.erasing import (
    entries_by_user,
    entries_on_traces,
    erase,
    last_erasure,
)
from dspyui_core.store.journal import Journal, NewFeedback, NewPrediction
from dspyui_core.store.tables import erasure, spent_key

WORD = "Quxotl-4711"
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def journal(engine: Engine) -> Journal:
    """Two answers, each with a word of both users."""
    journal = Journal(engine)
    for user in ("ana", "ben"):
        payload = {"inputs": {"text": f"{WORD} of {user}"}, "outputs": {}}
        spans = [{"name": WORD}]
        journal.append([NewPrediction("p", f"tr-{user}", payload, user, spans=spans)])
    for trace in ("ana", "ben"):
        for user in ("ana", "ben"):
            said = {"rating": "thumbs_up", "comment": WORD}
            journal.append([NewFeedback(f"tr-{trace}", said, f"{user} on {trace}", user)])
    return journal


def _erase_ana(engine: Engine) -> int:
    return erase(
        engine,
        traces=["tr-ana"],
        positions=[5],
        kind="user",
        subject="ana",
        actor="maria",
        counts={"predictions": 1},
        now=lambda: AT,
    )


def test_what_a_user_asked_and_said_is_found(engine: Engine, journal: Journal) -> None:
    assert [e.position for e in entries_by_user(engine, "ana")] == [1, 3, 5]
    assert entries_by_user(engine, "ana", program="q") == []
    assert [e.position for e in entries_on_traces(engine, ["tr-ana", "no"])] == [1, 3, 4]


def test_a_trace_goes_with_all_that_was_said_about_it(engine: Engine, journal: Journal) -> None:
    assert _erase_ana(engine) == 4

    assert [(e.kind, e.user_id) for e in journal.since(0)] == [
        ("prediction", "ben"),
        ("feedback", "ben"),
    ]
    with pytest.raises(TraceNotFoundError, match="retired"):
        journal.prediction("tr-ana")


def test_every_key_stays_used_and_cannot_be_read(engine: Engine, journal: Journal) -> None:
    _erase_ana(engine)

    again = journal.append([NewPrediction("p", "tr-ana", {"inputs": {"text": "other"}})])
    said = journal.append([NewFeedback("tr-ben", {"rating": None}, "ana on ben", "ana")])

    assert [(e.position, e.payload) for e in (*again, *said)] == [(1, {}), (5, {})]
    assert journal.count() == 2
    with engine.connect() as connection:
        kept = str(connection.execute(select(spent_key)).all())
    assert "ana" not in kept


def test_a_position_is_never_given_again(engine: Engine, journal: Journal) -> None:
    newest = journal.last_position()
    everything = ["tr-ana", "tr-ben"]
    facts = {"kind": "user", "subject": "x", "actor": "y", "counts": {}}
    erase(engine, traces=everything, positions=[], **facts)

    made = journal.append_prediction("p", "tr-new", {"inputs": {}})

    assert made.position == newest + 1


def test_that_it_happened_is_on_record_without_the_name(engine: Engine, journal: Journal) -> None:
    assert last_erasure(engine, "user", "ana") is None

    _erase_ana(engine)

    found = last_erasure(engine, "user", "ana")
    assert found is not None
    assert (found.actor, found.counts, found.at) == ("maria", {"predictions": 1}, AT)
    assert last_erasure(engine, "trace", "ana") is None
    with engine.connect() as connection:
        assert "ana" not in str(connection.execute(select(erasure)).all())


def test_a_compacted_database_has_no_byte_of_it(engine: Engine, journal: Journal) -> None:
    file = sqlite_file(str(engine.url))
    assert file is not None
    erase(
        engine,
        traces=["tr-ana", "tr-ben"],
        positions=[],
        kind="user",
        subject="ana",
        actor="maria",
        counts={},
    )

    assert compact(file)

    folder = list(file.parent.glob("state.db*"))
    assert len(folder) > 1
    assert not [path for path in folder if WORD.encode() in path.read_bytes()]


def test_who_writes_meanwhile_waits_and_loses_nothing(engine: Engine, journal: Journal) -> None:
    file = sqlite_file(str(engine.url))
    assert file is not None
    stop = Event()

    def write(name: int) -> int:
        done = 0
        while not stop.is_set():
            journal.append_prediction("p", f"tr-{name}-{done}", {"inputs": {}})
            done += 1
        return done

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, name) for name in range(2)]
        compacted = [compact(file) for _ in range(3)]
        stop.set()
        written = sum(done.result() for done in writing)

    assert compacted == [True] * 3
    assert journal.count(kind="prediction") == 2 + written


def test_a_reader_that_stays_keeps_the_log_and_it_is_said(
    engine: Engine, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dspyui_core.store.compacting.WAIT_SECONDS", 0.05)
    file = sqlite_file(str(engine.url))
    assert file is not None
    with engine.connect() as connection:
        connection.execution_options(dspyui_reading=True)
        connection.execute(select(spent_key)).all()

        assert not compact(file)


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:////a/state.db", Path("/a/state.db")),
        ("sqlite://", None),
        ("http://localhost:5000", None),
        ("postgresql+psycopg://u:p@h/d", None),
        ("/plain/folder", None),
    ],
)
def test_the_file_of_a_url(url: str, file: Path | None) -> None:
    assert sqlite_file(url) == file
