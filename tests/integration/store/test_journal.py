from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select

from dspyui_core.errors import ConflictError, StoreError, TraceNotFoundError
from dspyui_core.store import journal as journal_module
from dspyui_core.store import tables
from dspyui_core.store.engine import open_engine
from dspyui_core.store.entries import hashed_key
from dspyui_core.store.journal import Entry, Journal, NewFeedback, NewPrediction
from dspyui_core.store.tables import payload_field, spent_key

WRITER = """
import itertools, sys
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Journal
journal = Journal(open_engine(sys.argv[1]))
for number in itertools.count():
    entry = journal.append_prediction("p", f"{sys.argv[2]}-{number}", {"number": number})
    print(entry.position, entry.trace_id, flush=True)
"""


@pytest.fixture
def journal(engine: Engine) -> Journal:
    return Journal(engine)


@pytest.fixture
def answered(journal: Journal) -> Journal:
    """A journal with one prediction, t1, at position 1."""
    journal.append_prediction("p", "t1", {"n": 1})
    return journal


def _feedback(journal: Journal, key: str, payload: dict[str, Any], **changed: Any) -> Entry:
    who = {"user_id": "ann", "authenticated": True, **changed}
    return journal.append_feedback("t1", payload, idem_key=key, **who)


def test_an_appended_prediction_is_found_by_its_trace_id(engine: Engine) -> None:
    at = datetime(2025, 5, 1, 12, tzinfo=UTC)
    journal = Journal(engine, now=lambda: at)
    entry = journal.append_prediction("p", "t1", {"inputs": {"q": "ü"}}, user_id="u", version=3)
    expected = Entry(1, "prediction", "p", "t1", "u", False, 3, {"inputs": {"q": "ü"}}, at)
    assert entry == expected
    assert journal.prediction("t1") == expected


def test_an_unknown_trace_is_none_when_looked_for_and_an_error_when_asked_for(
    journal: Journal,
) -> None:
    assert journal.find_prediction("t9") is None
    with pytest.raises(TraceNotFoundError, match="t9"):
        journal.prediction("t9")


def test_feedback_on_a_trace_is_not_its_prediction(answered: Journal) -> None:
    _feedback(answered, "k1", {"rating": "thumbs_up"})
    assert answered.prediction("t1").payload == {"n": 1}


def test_feedback_on_an_unknown_prediction_is_refused_and_not_written(journal: Journal) -> None:
    with pytest.raises(TraceNotFoundError, match="t1"):
        _feedback(journal, "k1", {"rating": "thumbs_up"})
    assert journal.count() == 0


def test_feedback_may_come_in_one_batch_with_the_prediction_it_is_about(journal: Journal) -> None:
    said = NewFeedback("t1", {"rating": "thumbs_up"}, "k1")
    entries = journal.append([NewPrediction("p", "t1", {}), said])
    assert [(entry.kind, entry.program) for entry in entries] == [
        ("prediction", "p"),
        ("feedback", "p"),
    ]


def test_a_repeated_key_returns_the_first_entry(answered: Journal) -> None:
    first = _feedback(answered, "k1", {"rating": "thumbs_up"})
    again = _feedback(answered, "k1", {"rating": "thumbs_up"})
    assert again == first
    assert answered.count(kind="feedback") == 1


@pytest.mark.parametrize(
    ("payload", "changed"),
    [({"rating": "thumbs_down"}, {}), ({"rating": "thumbs_up"}, {"user_id": "bob"})],
)
def test_a_key_that_comes_back_with_something_else_is_a_conflict(
    answered: Journal, payload: dict[str, Any], changed: dict[str, Any]
) -> None:
    _feedback(answered, "k1", {"rating": "thumbs_up"})
    with pytest.raises(ConflictError, match="position 2"):
        _feedback(answered, "k1", payload, **changed)
    assert answered.count(kind="feedback") == 1


def test_a_feedback_key_cannot_shadow_a_trace_id(answered: Journal) -> None:
    _feedback(answered, "t2", {"rating": "thumbs_up"})
    answered.append_prediction("p", "t2", {"n": 2})
    assert answered.prediction("t2").payload == {"n": 2}


def test_a_repeated_trace_id_writes_nothing_and_another_payload_is_a_conflict(
    journal: Journal,
) -> None:
    first = journal.append_prediction("p", "t1", {"n": (1, 2)})
    assert journal.append_prediction("p", "t1", {"n": (1, 2)}) == first
    with pytest.raises(ConflictError):
        journal.append_prediction("p", "t1", {"n": 2})


def test_a_batch_comes_back_in_its_order_with_repeats_resolved(journal: Journal) -> None:
    journal.append_prediction("p", "b", {})
    batch = [NewPrediction("p", trace, {}) for trace in ("c", "b", "a", "c")]
    entries = journal.append(batch)
    assert [(entry.trace_id, entry.position) for entry in entries] == [
        ("c", 2),
        ("b", 1),
        ("a", 3),
        ("c", 2),
    ]
    assert journal.count() == 3


def test_a_batch_with_one_conflict_writes_nothing(journal: Journal) -> None:
    journal.append_prediction("p", "a", {"n": 1})
    batch = [NewPrediction("p", "b", {}), NewPrediction("p", "a", {"n": 2})]
    with pytest.raises(ConflictError):
        journal.append(batch)
    assert journal.count() == 1


def test_an_empty_batch_is_no_entries(journal: Journal) -> None:
    assert journal.append([]) == ()


def test_a_batch_may_be_larger_than_one_statement_takes(journal: Journal) -> None:
    entries = journal.append([NewPrediction("p", f"t{n}", {}) for n in range(2001)])
    assert [entry.position for entry in entries] == list(range(1, 2002))


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_a_value_that_is_no_json_is_refused_and_not_written(journal: Journal, value: Any) -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        journal.append_prediction("p", "t1", {"x": value})
    assert journal.count() == 0


@pytest.mark.parametrize("user", ["x" * 201, "a\0b", "\ud800"])
def test_an_id_that_not_every_database_takes_is_refused_before_it_meets_others(
    journal: Journal, user: str
) -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        journal.append_prediction("p", "t1", {}, user_id=user)
    assert journal.count() == 0


def test_times_come_back_in_utc_and_a_time_without_a_zone_is_refused(journal: Journal) -> None:
    at = datetime(2025, 5, 1, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    entry = journal.append([NewPrediction("p", "t1", {}, at=at)])[0]
    assert (entry.at, entry.at.tzinfo) == (at, UTC)
    with pytest.raises(StoreError, match="without a zone"):
        journal.append([NewPrediction("p", "t2", {}, at=at.replace(tzinfo=None))])


def test_one_row_and_many_are_stored_alike_and_as_sqlalchemy_stores_them(
    engine: Engine, journal: Journal
) -> None:
    at = datetime(2025, 5, 1, 12, tzinfo=UTC)
    journal.append([NewPrediction("p", "one", {"x": "ü"}, at=at)])
    journal.append([NewPrediction("p", name, {"x": "ü"}, at=at) for name in ("two", "three")])
    with engine.begin() as connection:
        known = connection.execute(select(tables.journal)).first()
        assert known is not None
        row = {**known._mapping, "position": 9, "trace_id": "core", "idem_key": "core"}
        connection.execute(insert(tables.journal).values(row))
        raw = connection.exec_driver_sql("select at, payload, authenticated, spans from journal")
        assert len({str(stored) for stored in raw}) == 1


def test_the_stream_filters_by_program_kind_and_range(journal: Journal) -> None:
    for number in range(4):
        journal.append_prediction("pq"[number % 2], f"t{number}", {})
    journal.append_feedback("t2", {}, user_id="ann", authenticated=True, idem_key="k1")
    assert [entry.position for entry in journal.since(1, program="p")] == [3, 5]
    assert [entry.position for entry in journal.since(0, kind="feedback")] == [5]
    assert [entry.position for entry in journal.since(1, upto=4, limit=2)] == [2, 3]
    assert journal.count(program="p", kind="prediction", since=1, upto=4) == 1
    assert (journal.last_position("q"), journal.last_position(), journal.last_position("x")) == (
        4,
        5,
        0,
    )


def test_the_stream_ends_at_what_was_there_when_it_began(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_PAGE", 1)
    journal.append_prediction("p", "t0", {})
    seen = []
    for entry in journal.since(0):
        seen.append(entry.position)
        assert len(seen) == 1
        journal.append_prediction("p", f"t{entry.position}", {})
    assert seen == [1]


def test_a_half_read_stream_holds_no_connection(engine: Engine, journal: Journal) -> None:
    journal.append([NewPrediction("p", f"t{n}", {}) for n in range(600)])
    streams = [journal.since(0) for _ in range(30)]
    assert [next(stream).position for stream in streams] == [1] * 30
    assert engine.pool.checkedout() == 0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    since=st.integers(0, 1300),
    upto=st.none() | st.integers(0, 1300),
    limit=st.none() | st.integers(0, 1300),
)
def test_any_window_of_the_stream_is_that_slice_of_it(
    long_journal: Journal, since: int, upto: int | None, limit: int | None
) -> None:
    whole = range(1, 1202)
    window = [p for p in whole if p > since and (upto is None or p <= upto)][:limit]
    assert [e.position for e in long_journal.since(since, upto=upto, limit=limit)] == window


@pytest.fixture(scope="module")
def long_journal(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    """1,201 entries: two full pages and one more."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('long')}/state.db")
    journal = Journal(engine)
    journal.append([NewPrediction("p", f"t{n}", {}) for n in range(1201)])
    return journal


def test_a_reader_never_misses_a_position_while_many_threads_write(journal: Journal) -> None:
    def write(thread: int) -> None:
        for number in range(8):
            journal.append_prediction("p", f"{thread}-{number}", {})

    seen: list[int] = []
    with ThreadPoolExecutor(12) as pool:
        writers = [pool.submit(write, thread) for thread in range(12)]
        finished = False
        while not finished:
            finished = all(writer.done() for writer in writers)
            seen += [entry.position for entry in journal.since(seen[-1] if seen else 0)]
        assert [writer.result() for writer in writers] == [None] * 12
    assert seen == list(range(1, 97))


def test_a_repeated_key_from_many_threads_makes_one_entry(answered: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(_feedback, answered, "k1", {"rating": "x"}) for _ in range(24)]
        assert {call.result().position for call in calls} == {2}


def test_a_batch_that_is_refused_hurts_nobody_who_appends_at_the_same_time(
    answered: Journal,
) -> None:
    def append(number: int) -> str:
        trace = "nobody-knows" if number % 3 == 0 else "t1"
        try:
            return answered.append([NewFeedback(trace, {"n": number}, f"k{number}")])[0].kind
        except TraceNotFoundError:
            return "refused"

    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(append, range(60)))
    assert told == ["refused" if number % 3 == 0 else "feedback" for number in range(60)]
    stored = {entry.payload["n"] for entry in answered.since(0, kind="feedback")}
    assert stored == {number for number in range(60) if number % 3}


def test_spans_come_back_only_for_who_asks_for_them(journal: Journal) -> None:
    spans = [{"name": "LM.__call__", "inputs": "ü"}]
    journal.append_prediction("p", "t1", {}, spans=spans)
    assert [entry.spans for entry in journal.since(0)] == [None]
    assert [entry.spans for entry in journal.since(0, spans=True)] == [spans]
    assert journal.prediction("t1").spans is None


def test_the_key_of_a_forgotten_entry_still_records_nothing(
    engine: Engine, answered: Journal
) -> None:
    said = _feedback(answered, "k1", {"rating": "thumbs_up"})
    with engine.begin() as connection:
        gone = {"key_hash": hashed_key("feedback:k1"), "program": "p", "position": said.position}
        connection.execute(insert(spent_key).values(gone | {"at": said.at}))
        connection.execute(delete(tables.journal).where(tables.journal.c.kind == "feedback"))
    again = _feedback(answered, "k1", {"rating": "thumbs_down"})
    assert (again.position, again.program, again.payload) == (said.position, "p", {})
    assert answered.count(kind="feedback") == 0


def test_the_fields_of_a_programs_answers_are_noted_once_in_the_order_first_seen(
    engine: Engine, journal: Journal
) -> None:
    for number, outputs in enumerate(({"c": 1, "b": 1}, {"b": 1, "a": 2}, {"b": 3})):
        payload = {"inputs": {"text": "x"}, "outputs": outputs}
        journal.append_prediction("p", f"t{number}", payload)
    Journal(engine).append_prediction("q", "u", {"inputs": {"text": "x"}})
    query = select(payload_field).order_by(payload_field.c.seq)
    with engine.connect() as connection:
        noted = [(row.program, row.role, row.name) for row in connection.execute(query)]
    assert noted == [
        ("p", "input", "text"),
        ("p", "output", "c"),
        ("p", "output", "b"),
        ("p", "output", "a"),
        ("q", "input", "text"),
    ]


def test_killed_writers_in_a_home_they_made_together_lose_no_acknowledged_entry(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    url = f"sqlite:///{tmp_path}/home/state.db"
    writers = [start(WRITER, url, name) for name in "ab"]
    acknowledged = [writer.stdout.readline() for writer in writers]
    for writer in writers:
        time.sleep(0.1)
        writer.kill()
        lines = writer.communicate()[0].splitlines(keepends=True)
        acknowledged += [line for line in lines if line.endswith("\n")]
    engine = open_engine(url)
    stored = {entry.position: entry.trace_id for entry in Journal(engine).since(0)}
    engine.dispose()
    for line in acknowledged:
        position, trace_id = line.split()
        assert stored[int(position)] == trace_id
    for name in "ab":
        numbers = [int(t.split("-")[1]) for t in stored.values() if t.startswith(name)]
        assert numbers == list(range(len(numbers)))
    assert len(acknowledged) > 10
