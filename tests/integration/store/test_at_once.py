"""Appending without waiting: done where nobody else writes, else nothing done and said so."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine

from dspyui_core.errors import ConflictError, StoreError
from dspyui_core.runner import Recorder
from dspyui_core.store.engine import open_engine, queued
from dspyui_core.store.journal import Journal, NewPrediction

ANSWER = {"inputs": {"text": "a"}, "outputs": {"topic": "b"}}


def _new(trace_id: str = "tr-1", topic: str = "b") -> NewPrediction:
    return NewPrediction("desk", trace_id, {**ANSWER, "outputs": {"topic": topic}})


def test_where_nobody_writes_it_is_an_append(engine: Engine) -> None:
    journal = Journal(engine)

    done = journal.append_at_once([_new()])

    assert done == (journal.find_prediction("tr-1"),)
    assert journal.append_at_once([_new()]) == done
    assert journal.field_names("desk") == ("text", "topic")


def test_a_key_that_said_something_else_is_refused(engine: Engine) -> None:
    journal = Journal(engine)
    journal.append_at_once([_new()])

    with pytest.raises(ConflictError, match="already used"):
        journal.append_at_once([_new(topic="c")])


def test_behind_another_writer_nothing_is_done(engine: Engine) -> None:
    journal, other = Journal(engine), open_engine(str(engine.url))

    with queued(other):
        assert journal.append_at_once([_new()]) is None

    assert journal.count() == 0


def test_who_writes_out_of_line_is_not_waited_for_either_and_later_appends_wait_again(
    engine: Engine,
) -> None:
    journal, other = Journal(engine), open_engine(str(engine.url))
    with other.connect() as connection:
        ends = threading.Timer(0.2, connection.begin().rollback)
        with pytest.raises(StoreError, match="locked"):
            journal.append_at_once([_new()])
        ends.start()
        waited = journal.append([_new()])
        ends.join()

    assert waited[0].trace_id == "tr-1"


def test_an_answer_that_finds_the_line_taken_is_recorded_by_a_thread_that_waits(
    engine: Engine,
) -> None:
    journal, other = Journal(engine), open_engine(str(engine.url))
    recorder = Recorder(lambda: journal)
    recorder.record_prediction("desk", {"text": "a"}, {"topic": "b"})
    entered, done = threading.Event(), threading.Event()
    leave = threading.Timer(0.2, done.set)

    def hold() -> None:
        with queued(other):
            entered.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(10)
    leave.start()
    trace_id = recorder.record_prediction("desk", {"text": "a"}, {"topic": "c"})
    holder.join()

    assert journal.prediction(trace_id or "").payload["outputs"] == {"topic": "c"}
    assert recorder.stats.failed == 0
